// @ts-check
/** At most so many characters, and no half of one: an emoji is two units of a string. @param {string} words @param {number} most */
export function shortened(words, most) {
  return words.length <= most ? words : Array.from(words).slice(0, most).join('');
}
