//! Walking over JSON without building anything: how deep a value nests, and whether it may hold what not every
//! reader takes.

/// A run of digits from which a number may be beyond f64.
const LONG_DIGITS: usize = 300;

/// What one look over a well-formed value has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shape {
    pub(crate) depth: usize,
    /// Holds half a surrogate pair, an exponent, or very many digits: read it to know whether it can be read.
    pub(crate) doubtful: bool,
}

/// Looks over well-formed JSON once.
pub(crate) fn shape(json: &[u8]) -> Shape {
    let mut shape = Shape::default();
    let (mut depth, mut digits) = (0_usize, 0_usize);
    let mut rest = json;
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'"' => {
                rest = behind_string(rest, &mut shape.doubtful);
            }
            b'0'..=b'9' => {
                digits += 1;
                shape.doubtful |= digits >= LONG_DIGITS;
            }
            // The last letter of `true` and `false` follows a letter.
            b'e' | b'E' => shape.doubtful |= digits > 0,
            b'{' | b'[' => {
                depth += 1;
                shape.depth = shape.depth.max(depth);
                digits = 0;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                digits = 0;
            }
            _ => digits = 0,
        }
    }
    shape
}

/// What follows the string that has just begun.
fn behind_string<'a>(mut rest: &'a [u8], doubtful: &mut bool) -> &'a [u8] {
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
        rest = match &rest[at..] {
            [b'\\', b'u', b'd' | b'D', after @ ..] => {
                *doubtful = true;
                after
            }
            [b'\\', _, after @ ..] => after,
            [b'"', after @ ..] => return after,
            _ => break,
        };
    }
    &[]
}

#[cfg(test)]
mod tests;
