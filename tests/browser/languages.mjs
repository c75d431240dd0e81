// In which languages pages are tried.
/** The languages that the program has words in: pages of every kind are tried in each of them. */
export const LANGUAGES = ["en", "pt", "he"];
/** Those in which whole ways are gone: one for each direction of writing. */
export const DIRECTIONS = ["en", "he"];
