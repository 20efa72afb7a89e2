/**
 * A 5 × 8 pixel font of our own for the printable ASCII characters: text in pictures comes out the same on machines with
 * other fonts or none. Each glyph is eight rows from the top (the last is for descenders) as one base-32 digit, bit 4 =
 * left column.
 */
export const glyphWidthPx = 5
export const glyphHeightPx = 8

const glyphs = [
  '00000000 44444040 aaa00000 aavavaa0 4fke5u40 pp248jj0 cik8lid0 44400000',
  '24888420 84222480 04lel400 044v4400 00000624 000v0000 00000cc0 11248gg0',
  'ehjlphe0 4c4444e0 eh1248v0 eh161he0 26aiv220 vgu11he0 68guhhe0 v1244440',
  'ehhehhe0 ehhf12c0 0cc0cc00 0cc0c480 248g8420 00v0v000 84212480 eh124040',
  'ehnlngf0 ehhvhhh0 uhhuhhu0 ehggghe0 uhhhhhu0 vgguggv0 vgguggg0 ehgnhhf0',
  'hhhvhhh0 e44444e0 72222ic0 hikokih0 ggggggv0 hrllhhh0 hppljjh0 ehhhhhe0',
  'uhhuggg0 ehhhlid0 uhhukih0 fgge11u0 v4444440 hhhhhhe0 hhhhaa40 hhhllrh0',
  'hha4ahh0 hha44440 v1248gv0 e88888e0 gg842110 e22222e0 4ah00000 000000v0',
  '84000000 00e1fhf0 gguhhhu0 00fgggf0 11fhhhf0 00ehvge0 68u88880 00fhhf1e',
  'gguhhhh0 40c444e0 206222ic ggikoki0 c44444e0 00qllll0 00uhhhh0 00ehhhe0',
  '00uhhugg 00fhhf11 00moggg0 00fge1u0 88u88860 00hhhhf0 00hhaa40 00hllla0',
  '00ha4ah0 00hhhf1e 00v248v0 24484420 44444440 84424480 008l2000',
].flatMap(line => line.split(' '))

/** Eight rows of five bits; characters that the font lacks become "?". */
export function glyphRows(character: string): readonly number[] {
  const digits = glyphs[character.charCodeAt(0) - 32] ?? glyphs['?'.charCodeAt(0) - 32]!
  return Array.from(digits, digit => Number.parseInt(digit, 32))
}
