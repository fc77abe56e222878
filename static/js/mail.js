// Webmail: the list, the message beside it, keys, and news.
import "./mail-list.js";
import "./mail-reader.js";
import "./mail-keys.js";
import "./mail-live.js";
import "./mail-search.js";
