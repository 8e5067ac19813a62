//! Lines out of a stream of bytes: pure, told what came.

/// Cuts bytes at line ends. The last line needs none.
#[derive(Debug)]
pub(super) struct Lines {
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
    len_max: usize,
}

/// A line over the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Lines {
    /// Takes no line longer than `len_max` bytes.
    pub(super) fn new(len_max: usize) -> Self {
        Self { begun: Vec::new(), len_max }
    }

    /// Takes one line off the front of `input`, without its end; `None` if there is no whole one:
    /// then all of `input` is kept for the next call. `line` is where it is put, if it must be.
    pub(super) fn next<'i: 'o, 'o>(
        &mut self,
        input: &mut &'i [u8],
        line: &'o mut Vec<u8>,
    ) -> Result<Option<&'o [u8]>, TooLong> {
        let end = input.iter().position(|byte| *byte == b'\n');
        let len = self.begun.len() + end.unwrap_or(input.len());
        if len > self.len_max {
            return Err(TooLong);
        }
        let Some(end) = end else {
            self.begun.extend_from_slice(input);
            *input = &[];
            return Ok(None);
        };
        let (head, rest) = input.split_at(end);
        *input = rest.get(1..).unwrap_or_default();
        if self.begun.is_empty() {
            return Ok(Some(head));
        }
        line.clear();
        line.append(&mut self.begun);
        line.extend_from_slice(head);
        Ok(Some(line))
    }

    /// The last line, if it had no end.
    pub(super) fn last(&mut self) -> Option<Vec<u8>> {
        (!self.begun.is_empty()).then(|| std::mem::take(&mut self.begun))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &[u8], step: usize) -> Result<Vec<Vec<u8>>, TooLong> {
        let mut lines = Lines::new(5);
        let mut all = Vec::new();
        for mut piece in text.chunks(step) {
            loop {
                let mut line = Vec::new();
                match lines.next(&mut piece, &mut line)? {
                    Some(line) => all.push(line.to_vec()),
                    None => break,
                }
            }
        }
        all.extend(lines.last());
        Ok(all)
    }

    #[test]
    fn lines_are_the_same_however_the_bytes_are_cut() {
        let text = b"ab\n\nc\r\nwhole\nlast";
        for step in 1..=text.len() {
            let lines = split(text, step).unwrap();
            assert_eq!(lines, [&b"ab"[..], b"", b"c\r", b"whole", b"last"], "{step}");
        }
        assert!(split(b"", 1).unwrap().is_empty());
        assert_eq!(split(b"a\n", 1).unwrap(), [b"a"]);
    }

    #[test]
    fn a_line_over_the_limit_is_refused() {
        for step in 1..10 {
            assert_eq!(split(b"ab\nsixsix\n", step), Err(TooLong), "{step}");
        }
    }
}
