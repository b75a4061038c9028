/** Every limit of the protocol, by name. What exceeds one is refused with `bad-request`, never cut. */

/** Characters of one script or draft. */
export const MAX_SCRIPT_CHARS = 1024 * 1024
/** Characters of a file name, an id, a metric, a parameter name, an error code. */
export const MAX_NAME_CHARS = 512
/** Characters of one message, printed line, expectation or title. */
export const MAX_LINE_CHARS = 1024 * 1024
/** Parameters of one experiment. */
export const MAX_PARAMETERS = 64
/** Values of one parameter. */
export const MAX_VALUES = 65_536
/** Cells, rows, expectations, lines of one run: the lists of a result. */
export const MAX_ITEMS = 4_000_000
/** Entries of one page-table view. */
export const MAX_VIEW_ENTRIES = 65_536
/** Nodes (values and containers) of a settings object or a chart specification. */
export const MAX_JSON_NODES = 8_000_000
/** Containers inside one another in a settings object or a chart specification. */
export const MAX_JSON_DEPTH = 64
/** Nodes of the settings object. */
export const MAX_STATE_NODES = 100_000
/** Drafts kept at once. */
export const MAX_DRAFTS = 256
/** Runs listed. */
export const MAX_RUNS = 100_000
/** Lines of the log kept and handed out. */
export const MAX_LOG_LINES = 2_000
/** Workers one run may ask for. */
export const MAX_WORKERS = 256
/** Bytes of a file the page offers to the user. */
export const MAX_FILE_BYTES = 256 * 1024 * 1024
/** Calls under way on one connection. */
export const MAX_CALLS_UNDER_WAY = 256
/** Bytes of one WebSocket message to the simulator: a script and its settings. */
export const MAX_SIMULATOR_MESSAGE_BYTES = 8 * 1024 * 1024
/** Bytes of one WebSocket message to the host: a file to save. */
export const MAX_HOST_MESSAGE_BYTES = MAX_FILE_BYTES + 1024 * 1024
/** Events a trace may be asked to keep; 32 bytes each. */
export const MAX_TRACE_EVENTS = 32_000_000
/** Events of one page of a trace. */
export const MAX_TRACE_PAGE = 1_000
/** Buckets of a timeline or a map. */
export const MAX_TRACE_BUCKETS = 8_192
/** Entries, or pages whose folios are wanted, of one part of a state. */
export const MAX_TRACE_ENTRIES = 16_384
/** Pages whose swap slots and tags are wanted. */
export const MAX_TRACE_SWAP_PAGES = 512
/** Parts of a state asked for at once. */
export const MAX_TRACE_PARTS = 32
/** Bookmarks of a run, and characters of the note of one. */
export const MAX_BOOKMARKS = 1_000
export const MAX_NOTE_CHARS = 1_000
/** Filters of one search. */
export const MAX_TRACE_FILTERS = 64
/** Steps of a sequence; states an exploration may be asked to look at. */
export const MAX_SEQUENCE_STEPS = 1_000
export const MAX_EXPLORE_STATES = 2 ** 26
/** Lines of a console over a trace, and characters of one. */
export const MAX_CONSOLE_LINES = 500
export const MAX_CONSOLE_CHARS = 4_096
