// @ts-check
/**
 * One thing made on this phone and owed to the server.
 * @typedef {object} Item
 * @property {string} id UUIDv7, made here
 * @property {string} owner id of the user who made it; nobody else ever sends it
 * @property {Kind} kind
 * @property {string | null} job
 * @property {string} captured_at local time with offset
 * @property {number} made_ms Date.now() at birth, for ages and purging only
 * @property {Record<string, unknown>} body what PUT /sync/items/{id} carries; never changes after birth
 * @property {State} state
 * @property {string | null} sha256 of the bytes as stored, hex
 * @property {number} size bytes, 0 for an item without a file
 * @property {string | null} mime
 * @property {boolean} announced the server has the description (and the thumb)
 * @property {number} offset bytes the server has
 * @property {number} attempts failed tries in a row
 * @property {number} restarts uploads thrown away by the server because the hash differed
 * @property {number} next_try ms; not before
 * @property {string | null} error code of the last failure, words in lib/reasons.js
 * @property {number | null} acked_ms when the receipt was checked
 * @property {string | null} acked_sha256 the hash the receipt named
 * @property {string | null} [acked_at] when, by the server's clock
 * @property {boolean} [previewed] the server has a picture of screen size, or does not want one
 * @property {number | null} rev
 */

/** @typedef {'photo' | 'video' | 'voice' | 'note' | 'question' | 'job' | 'call' | 'filing' | 'consent'} Kind */
/**
 * saving: written, but not yet read back. The others: offline-pwa.md §4.1.
 * @typedef {'saving' | 'queued' | 'sending' | 'stored' | 'linked' | 'purgeable' | 'paused-login' | 'needs-attention' | 'lost-bytes'} State
 */

/**
 * @typedef {object} Tables
 * @property {{ key: string, value: Item, indexes: { owner: [string, string], state: [string, string], acked: [string, number] } }} items
 * @property {{ key: string, value: ArrayBuffer }} bytes write-once
 * @property {{ key: string, value: ArrayBuffer }} thumbs
 * @property {{ key: string, value: any }} readmodel
 * @property {{ key: number, value: { at: string, event: string, id: string | null, detail: string } }} log
 * @property {{ key: string, value: any }} meta
 */

/** @typedef {'items' | 'bytes' | 'thumbs' | 'readmodel' | 'log' | 'meta'} Store */

export {};
