# The hinges of several labels: every listed class against every other. y_true holds a list of classes along the class axis, which ends at
# its first -1 and is walked element by element.
#
# Nothing is allocated: a list is met in parties of BLOCK entries, the classes in chunks of BLOCK, and each row's work is the product of
# both lengths. See margins.pxi for `lead` and its like.

cdef inline const double* listed(const Call* call, Py_ssize_t index, Py_ssize_t first, Py_ssize_t n, double* buffer) noexcept nogil:
    """Entries `first` to `first + n` of a row's list. They are doubles in either precision, as labels are."""
    return call.wide.load(&call.y_true, index * call.classes + first, n, buffer)


cdef inline Py_ssize_t end_of_list(const double* name, Py_ssize_t n, double classes) noexcept nogil:
    """How many of n entries come before the first -1; what names no class makes it negative: -1 less its place."""
    cdef Py_ssize_t e
    for e in range(n):
        if not is_label(name[e], classes):
            return e if name[e] == -1 else -1 - e
    return n


cdef Py_ssize_t list_length(const Call* call, Py_ssize_t index) noexcept nogil:
    """The same of a row."""
    cdef double[BLOCK] buffer
    cdef Py_ssize_t first = 0, n, length
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        length = end_of_list(listed(call, index, first, n, buffer), n, <double>call.classes)
        if length < n:
            return length + first if length >= 0 else length - first
        first += n
    return call.classes


cdef struct Party:
    # Entries of a list: their classes, these classes' scores, and how many others lead each.
    Py_ssize_t size
    Py_ssize_t[BLOCK] label
    double[BLOCK] own
    double[BLOCK] count


cdef struct Others:
    # Those of a chunk of classes that are not in the list: their places in the chunk, their scores, and how many of the list each leads.
    Py_ssize_t size
    Py_ssize_t[BLOCK] place
    double[BLOCK] score
    double[BLOCK] hits


cdef void set_party(const Call* call, Py_ssize_t index, Py_ssize_t first, Py_ssize_t n, Party* party) noexcept nogil:
    cdef double[BLOCK] buffer
    cdef const double* name = listed(call, index, first, n, buffer)
    cdef const char* row = row_of(&call.y_pred, index)
    cdef Py_ssize_t e
    party.size = n
    for e in range(n):
        party.label[e] = <Py_ssize_t>name[e] if is_label(name[e], <double>call.classes) else 0      # another thread may have written
        party.own[e] = entry_of(&call.y_pred, row, party.label[e])


cdef void clear_counts(Party* party) noexcept nogil:
    cdef Py_ssize_t e
    for e in range(party.size):
        party.count[e] = 0


cdef void count_listed(const Call* call, Py_ssize_t index, Py_ssize_t length, Py_ssize_t first, Py_ssize_t n, double* times) noexcept nogil:
    """How often the list has each class of a chunk."""
    cdef double[BLOCK] buffer
    cdef const double* name
    cdef double place
    cdef Py_ssize_t start = 0, m, e
    for e in range(n):
        times[e] = 0
    while start < length:
        m = min(<Py_ssize_t>BLOCK, length - start)
        name = listed(call, index, start, m, buffer)
        for e in range(m):
            place = name[e] - <double>first
            if 0 <= place < <double>n:
                times[<Py_ssize_t>place] += 1
        start += m


cdef void set_others(const Call* call, Py_ssize_t index, Py_ssize_t length, Py_ssize_t first, Py_ssize_t n, Others* others) noexcept nogil:
    cdef double[BLOCK] times
    cdef real[BLOCK] buffer
    cdef const real* z = load_classes(&call.y_pred, row_of(&call.y_pred, index), first, n, buffer)
    cdef Py_ssize_t k
    count_listed(call, index, length, first, n, times)
    others.size = 0
    for k in range(n):
        others.place[others.size] = k
        others.score[others.size] = z[k]
        others.hits[others.size] = 0
        others.size += times[k] == 0


cdef double meet(Party* party, Others* others) noexcept nogil:
    """The sum of all leads of the others over the party; who leads whom is counted on both sides."""
    cdef double[BLOCK] term, hit
    cdef double total = 0, own, u
    cdef Py_ssize_t e, k
    for e in range(party.size):
        own = party.own[e]
        for k in range(others.size):
            u = lead(others.score[k], own, 1)
            term[k] = beyond(u, u)
            hit[k] = beyond(u, 1)
        for k in range(others.size):
            others.hits[k] += hit[k]
        party.count[e] += sum_of_doubles(hit, others.size)
        total += sum_of_doubles(term, others.size)
    return total


cdef void store_others(const Call* call, Py_ssize_t index, Py_ssize_t first, Py_ssize_t n, const Others* others,
                       double factor) noexcept nogil:
    """The derivatives of a chunk, 0 at the listed classes, which come later."""
    cdef real[BLOCK] grad, hess
    cdef Py_ssize_t k
    for k in range(n):
        grad[k] = hess[k] = 0
    for k in range(others.size):
        grad[others.place[k]] = <real>(others.hits[k] * factor)
        hess[others.place[k]] = <real>nil_double(others.hits[k])
    if call.grad.present:
        store_classes(&call.grad, row_of(&call.grad, index), first, n, grad)
    if call.hess.present:
        store_classes(&call.hess, row_of(&call.hess, index), first, n, hess)


cdef void store_listed(const Call* call, Py_ssize_t index, Py_ssize_t label, double slope) noexcept nogil:
    set_entry(&call.grad, index, label, 0 - slope)
    set_entry(&call.hess, index, label, nil_double(slope))


cdef void store_party(const Call* call, Py_ssize_t index, Py_ssize_t length, const Party* party, double factor) noexcept nogil:
    """A class that is listed twice counts twice."""
    cdef double[BLOCK] times
    cdef Py_ssize_t first = 0, n, e, k
    while first < call.classes:
        n = min(<Py_ssize_t>BLOCK, call.classes - first)
        count_listed(call, index, length, first, n, times)
        for e in range(party.size):
            k = party.label[e] - first
            if 0 <= k < n:
                store_listed(call, index, party.label[e], times[k] * party.count[e] * factor)
        first += n


cdef double chunk_of_others(const Call* call, Py_ssize_t index, Py_ssize_t length, Py_ssize_t first, Party* party,
                            double factor) noexcept nogil:
    """A chunk of classes against the whole list. A list of one party keeps its counts from chunk to chunk."""
    cdef Others others
    cdef double total = 0
    cdef Py_ssize_t n = min(<Py_ssize_t>BLOCK, call.classes - first), start = 0, m
    set_others(call, index, length, first, n, &others)
    while start < length:
        m = min(<Py_ssize_t>BLOCK, length - start)
        if length > BLOCK:
            set_party(call, index, start, m, party)
            clear_counts(party)
        total += meet(party, &others) / <double>call.classes
        start += m
    if call.outputs != VALUE:
        store_others(call, index, first, n, &others, factor)
    return total


cdef void count_long_list(const Call* call, Py_ssize_t index, Py_ssize_t length, Party* party, double factor) noexcept nogil:
    """The derivatives of a list of several parties: each meets everybody once more."""
    cdef Others others
    cdef Py_ssize_t start = 0, first
    while start < length:
        set_party(call, index, start, min(<Py_ssize_t>BLOCK, length - start), party)
        clear_counts(party)
        first = 0
        while first < call.classes:
            set_others(call, index, length, first, min(<Py_ssize_t>BLOCK, call.classes - first), &others)
            meet(party, &others)
            first += BLOCK
        store_party(call, index, length, party, factor)
        start += BLOCK


cdef double multilabel_margin_row(const Call* call, Py_ssize_t index, double truth, double scale) noexcept nogil:
    """Every derivative needs the whole row: the front door lets no result take the place of an input here."""
    cdef Party party
    cdef double total = 0, factor = scale / <double>call.classes
    cdef Py_ssize_t length = list_length(call, index), first = 0
    if length == 0:
        fill_derivatives(call, index, 0)
        return 0
    if length <= BLOCK:
        set_party(call, index, 0, length, &party)
        clear_counts(&party)
    while first < call.classes:
        total += chunk_of_others(call, index, length, first, &party, factor)
        first += BLOCK
    if call.outputs != VALUE and length <= BLOCK:
        store_party(call, index, length, &party, factor)
    elif call.outputs != VALUE:
        count_long_list(call, index, length, &party, factor)
    return total


cdef bint faulty_lists(const Call* call, Py_ssize_t start, Py_ssize_t rows, const double* weight, Partial* partial) noexcept nogil:
    """Whether an entry before the end of its list names no class. Short lists are loaded together."""
    cdef double[FEW * ROW_BLOCK] buffer
    cdef const double* name = NULL
    cdef Py_ssize_t i, length
    if call.classes <= FEW:
        name = call.wide.load(&call.y_true, start * call.classes, rows * call.classes, buffer)
    for i in range(rows):
        if weight != NULL and weight[i] == 0:
            continue
        if name == NULL:
            length = list_length(call, start + i)
        else:
            length = end_of_list(name + i * call.classes, call.classes, <double>call.classes)
        if length < 0:
            partial.fault = LABEL_FAULT
            partial.fault_index = (start + i) * call.classes - 1 - length
            return True
    return False


# Few classes: rows side by side, one entry of each list at a time ---------------------------------------------------------------------

cdef struct ListTile:
    Py_ssize_t classes
    Py_ssize_t lanes                        # rows, rounded up to whole vectors: those that there are not have no list
    real[FEW * ROW_BLOCK] z                 # at last a derivative
    double[FEW * ROW_BLOCK] times           # that a row lists a class
    double[FEW * ROW_BLOCK] slope           # how many of the list a class leads; less how many lead it, once for each time it is listed
    Py_ssize_t[FEW * ROW_BLOCK] place       # of an entry's class in the tile
    Py_ssize_t[ROW_BLOCK] length


cdef void clear_lists(ListTile* tile) noexcept nogil:
    cdef Py_ssize_t k
    for k in range(tile.classes):
        memset(&tile.z[k * ROW_BLOCK], 0, tile.lanes * sizeof(real))
        memset(&tile.times[k * ROW_BLOCK], 0, tile.lanes * sizeof(double))
        memset(&tile.slope[k * ROW_BLOCK], 0, tile.lanes * sizeof(double))
    memset(tile.length, 0, sizeof(tile.length))


cdef inline Py_ssize_t open_list(const double* name, Py_ssize_t i, ListTile* tile) noexcept nogil:
    """Its length; what names no class ends it too, for another thread may have written."""
    cdef Py_ssize_t e = 0, place
    while e < tile.classes and is_label(name[e], <double>tile.classes):
        place = <Py_ssize_t>name[e] * ROW_BLOCK + i
        tile.place[e * ROW_BLOCK + i] = place
        tile.times[place] += 1
        e += 1
    return e


cdef Py_ssize_t open_lists(const Call* call, Py_ssize_t start, Py_ssize_t rows, ListTile* tile) noexcept nogil:
    """How long the longest is."""
    cdef double[FEW * ROW_BLOCK] buffer
    cdef const double* name = call.wide.load(&call.y_true, start * call.classes, rows * call.classes, buffer)
    cdef Py_ssize_t i, longest = 0
    tile.classes, tile.lanes = call.classes, (rows + VECTOR - 1) // VECTOR * VECTOR
    clear_lists(tile)
    load_tile(&call.y_pred, start, rows, call.classes, tile.z)
    for i in range(rows):
        tile.length[i] = open_list(name + i * call.classes, i, tile)
        longest = max(longest, tile.length[i])
    return longest


cdef inline void meet_entries(ListTile* tile, Py_ssize_t e, bint slopes, double* value) noexcept nogil:
    """Entry e of each list against every class that its row does not list. Whether slopes are asked for is constant at every call."""
    cdef double[ROW_BLOCK] own, absent, count
    cdef double u
    cdef Py_ssize_t i, k, place
    for i in range(tile.lanes):
        absent[i] = e >= tile.length[i]
        own[i] = tile.z[tile.place[e * ROW_BLOCK + i]] if e < tile.length[i] else 0
        count[i] = 0
    for k in range(tile.classes):
        for i in range(tile.lanes):
            u = lead(tile.z[k * ROW_BLOCK + i], own[i], 1)
            u = select_double(absent[i] + tile.times[k * ROW_BLOCK + i] == 0, u, 0)
            value[i] += beyond(u, u)
            if slopes:
                count[i] += beyond(u, 1)
                tile.slope[k * ROW_BLOCK + i] += beyond(u, 1)
    for i in range(tile.lanes):
        if slopes and e < tile.length[i]:
            place = tile.place[e * ROW_BLOCK + i]
            tile.slope[place] = 0 - tile.times[place] * count[i]


cdef void store_meetings(const Call* call, const double* weight, Py_ssize_t start, Py_ssize_t rows, ListTile* tile) noexcept nogil:
    cdef double[ROW_BLOCK] factor
    cdef Py_ssize_t i, k
    if call.grad.present:
        for i in range(tile.lanes):
            factor[i] = row_scale(call, weight, i) / <double>call.classes if tile.length[i] > 0 else 0
        for k in range(call.classes):
            for i in range(tile.lanes):
                tile.z[k * ROW_BLOCK + i] = <real>(tile.slope[k * ROW_BLOCK + i] * factor[i])
        store_counting(&call.grad, start, rows, call.classes, tile.z, weight)
    if call.hess.present:
        for k in range(call.classes):
            for i in range(tile.lanes):
                tile.z[k * ROW_BLOCK + i] = <real>nil_double(tile.slope[k * ROW_BLOCK + i])
        store_counting(&call.hess, start, rows, call.classes, tile.z, weight)


cdef void multilabel_margin_tile(const Call* call, const double* truth, const double* weight, double* value, Py_ssize_t start,
                                 Py_ssize_t rows) noexcept nogil:
    cdef ListTile tile
    cdef Py_ssize_t longest = open_lists(call, start, rows, &tile), e, i
    memset(value, 0, ROW_BLOCK * sizeof(double))
    for e in range(longest):
        if call.outputs == VALUE:
            meet_entries(&tile, e, False, value)
        else:
            meet_entries(&tile, e, True, value)
    for i in range(tile.lanes):
        value[i] = value[i] / <double>call.classes
    store_meetings(call, weight, start, rows, &tile)


cdef void multilabel_margin(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    rows_or_tiles(multilabel_margin_row, multilabel_margin_tile, call, first, last, partial)
