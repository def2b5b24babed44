// Mirrors ledger.domain.quoting; tests/vectors/web/quoted.json holds both.

const MARKS = /["«»ʺ˝ˮ˵˶״᳓“-‟″‴‶‷⁗≪≫❝❞❠⟪⟫⹂〃《》〝-〟︽︾＂🙶-🙸]|['`´ʹʻ-ʾˈˊˋ˴΄՚՝׳ߴߵ᾽᾿῾‘-‛′‵‹›❛❜❟❮❯ꞌ＇]{2,}/gu;

/** Return a name or title in double quotation marks; those inside it become single ones. */
export const quoted = (text) => `“${text.replace(MARKS, "'")}”`;
