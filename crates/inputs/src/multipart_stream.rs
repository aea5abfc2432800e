//! A form's multipart body that passes piece by piece, read as strictly as one that is held.
//!
//! A field is kept until it is whole, and so is a file that is small enough to be judged. Of a larger file, only the head is
//! kept: nobody judges its bytes.

use bytes::{Bytes, BytesMut};

use super::disposition::Purpose;
use super::error::BodyError;
use super::limits::StructureLimits;
use super::multipart::{LONGEST_HEAD, Part, TYPE_OF_FILE, boundary, read_part};
use super::multipart_error::MultipartError;
use super::slice::head;
use super::sniff::is_binary_file;

/// What ends a stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// It is not a body that every server reads alike.
    #[error(transparent)]
    Malformed(#[from] MultipartError),
    /// The JSON in a field is not read alike by everybody.
    #[error(transparent)]
    Json(#[from] BodyError),
    /// A field is longer than what is kept of one.
    #[error("a field of the multipart body over {0} bytes")]
    FieldTooLarge(usize),
}

/// Reads a body of `multipart/form-data` as it comes.
#[derive(Debug)]
pub struct MultipartStream {
    /// `CRLF -- boundary`.
    delimiter: Vec<u8>,
    /// What has not passed yet.
    kept: BytesMut,
    state: State,
    /// How much of `kept` has been searched.
    searched: usize,
    longest_field: usize,
    limits: StructureLimits,
    parts_left: usize,
    /// The last two bytes that have passed, which a delimiter may stand behind.
    passed: [u8; 2],
    part: Begun,
    /// Whether a media type was written into a part.
    has_grown: bool,
    /// Whether all passes as it came.
    changes_nothing: bool,
    /// Into how many more parts one may be written; any number where the length of the body is not known.
    room: Option<usize>,
    /// How often the head of a part was read.
    #[cfg(test)]
    heads_read: usize,
}

/// What is known of the part that is kept.
#[derive(Debug, Clone, Copy, Default)]
struct Begun {
    /// How long its head is, once all of it is here.
    head: Option<usize>,
    /// Where the end of its head was not found.
    looked_at: usize,
    /// Whether it was found to be one that is kept until it is whole.
    is_kept: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first delimiter.
    Start,
    /// Behind a delimiter.
    Delimited,
    /// In a part that is kept until it is whole.
    Part,
    /// In a file that passes.
    File,
    /// Behind the last delimiter.
    End,
}

/// The most files that come without a media type behind the beginning of a body whose length is told.
const ROOM: usize = 32;
/// Files up to this size are judged, and kept until they are whole.
const SMALL_FILE: usize = 64 << 10;

impl MultipartStream {
    /// A reader for the boundary that a `Content-Type` names. Fields are at most `longest_field` bytes long.
    ///
    /// # Errors
    /// When the `Content-Type` names no boundary, or more than one.
    pub fn new(
        content_type: &[u8],
        longest_field: usize,
        limits: StructureLimits,
    ) -> Result<Self, MultipartError> {
        let delimiter = [b"\r\n--", boundary(content_type)?.as_slice()].concat();
        Ok(MultipartStream {
            delimiter,
            kept: BytesMut::new(),
            state: State::Start,
            searched: 0,
            longest_field,
            limits,
            parts_left: limits.members,
            passed: *b"\r\n",
            part: Begun::default(),
            has_grown: false,
            changes_nothing: false,
            room: None,
            #[cfg(test)]
            heads_read: 0,
        })
    }

    /// What passes is as it came: nobody may change anything.
    pub fn change_nothing(&mut self) {
        self.changes_nothing = true;
    }

    /// The length of the body is told to somebody. If its client writes no media types, there is room for some more, which
    /// is filled up behind its end.
    pub fn settle_length(&mut self) {
        self.room = Some(if self.has_grown { ROOM } else { 0 });
    }

    /// How long what fills the room behind the end is, if nothing else takes it.
    pub fn spare(&self) -> usize {
        self.room.unwrap_or_default() * TYPE_OF_FILE.len()
    }

    /// Fills the room behind the end with line breaks, into which nothing can be read.
    pub fn fill(&mut self) -> Bytes {
        let spare = self.spare();
        self.room = Some(0);
        b"\r\n".repeat(spare / 2).into()
    }

    /// Whether what has passed is longer than what has come.
    pub fn has_grown(&self) -> bool {
        self.has_grown
    }

    /// Takes a piece. Shows every part to `each`: whole, or with its head alone. Returns the bytes that may pass.
    ///
    /// # Errors
    /// When the body is malformed or beyond a limit. What `each` answers with ends it as well.
    pub fn push<E: From<StreamError>>(
        &mut self,
        piece: &[u8],
        mut each: impl FnMut(&Part) -> Result<(), E>,
    ) -> Result<Bytes, E> {
        self.kept.extend_from_slice(piece);
        let mut passing = BytesMut::new();
        while let Some((written, length)) = self.step(&mut each)? {
            passing.extend_from_slice(written);
            let bytes = self.kept.split_to(length);
            self.searched = self.searched.saturating_sub(length);
            match *bytes {
                [.., one, two] => self.passed = [one, two],
                [one] => self.passed = [self.passed[1], one],
                [] => {}
            }
            // Nearly always, one piece of a file passes at a time.
            if passing.is_empty() { passing = bytes } else { passing.extend_from_slice(&bytes) }
        }
        Ok(passing.freeze())
    }

    /// The body is at its end.
    ///
    /// # Errors
    /// When the last delimiter is missing.
    pub fn end(&self) -> Result<(), StreamError> {
        if self.state == State::End && self.kept.is_empty() {
            Ok(())
        } else {
            Err(MultipartError::NoEnd.into())
        }
    }

    /// The bytes that have come and not passed yet.
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// One step: what is written, and how many of the kept bytes may pass behind it. `None` where more are needed.
    fn step<E: From<StreamError>>(
        &mut self,
        each: &mut impl FnMut(&Part) -> Result<(), E>,
    ) -> Result<Option<(&'static [u8], usize)>, E> {
        let passes = match self.state {
            State::Start => self.start()?,
            State::Delimited => self.delimited()?,
            State::Part => return self.part(each),
            State::File => self.file()?,
            State::End => self.behind()?,
        };
        Ok(passes.map(|length| (&b""[..], length)))
    }

    /// One line break in front is what some clients write.
    fn start(&mut self) -> Result<Option<usize>, StreamError> {
        let skipped = if self.kept.starts_with(b"\r") { 0 } else { 2 };
        let wanted = self.delimiter.get(skipped..).unwrap_or_default();
        let have = self.kept.len().min(wanted.len());
        if self.kept.get(..have) != wanted.get(..have) {
            return Err(MultipartError::Preamble.into());
        }
        if have < wanted.len() {
            return Ok(None);
        }
        self.state = State::Delimited;
        Ok(Some(have))
    }

    fn delimited(&mut self) -> Result<Option<usize>, StreamError> {
        let Some(mark) = self.kept.get(..2) else { return Ok(None) };
        self.state = match mark {
            b"--" => State::End,
            b"\r\n" => State::Part,
            _ => return Err(MultipartError::NearBoundary.into()),
        };
        if self.state == State::Part {
            self.parts_left = self.parts_left.checked_sub(1).ok_or(MultipartError::TooMany)?;
        }
        Ok(Some(2))
    }

    /// Keeps a part until it is whole, or is a file too large to be judged.
    fn part<E: From<StreamError>>(
        &mut self,
        each: &mut impl FnMut(&Part) -> Result<(), E>,
    ) -> Result<Option<(&'static [u8], usize)>, E> {
        let whole = self.delimiter_in_kept()?;
        // What may be the beginning of a delimiter is no content yet.
        let settled = whole.unwrap_or(self.kept.len().saturating_sub(self.delimiter.len()));
        let known = self.kept.get(..settled).unwrap_or_default();
        let Some(length_of_head) = self.part.head.or_else(|| {
            let rest = known.get(self.part.looked_at..)?;
            memchr::memmem::find(rest, b"\r\n\r\n").map(|at| self.part.looked_at + at + 4)
        }) else {
            self.part.looked_at = known.len().saturating_sub(3);
            let is_wrong = whole.is_some() || known.len() > LONGEST_HEAD;
            return if is_wrong { Err(StreamError::from(MultipartError::Header).into()) } else { Ok(None) };
        };
        self.part.head = Some(length_of_head);
        let content = known.get(length_of_head..).unwrap_or_default();
        if content.len() > SMALL_FILE {
            // Decided by the same bytes, and once, in however many pieces they come.
            if !self.part.is_kept {
                #[cfg(test)]
                {
                    self.heads_read += 1;
                }
                let bare = Bytes::copy_from_slice(known.get(..length_of_head).unwrap_or_default());
                let mut part = read_part(bare, Purpose::Form).map_err(StreamError::from)?;
                let is_large_file = match part.file_name.as_deref() {
                    None => false,
                    Some(name) if name.trim().is_empty() => {
                        return Err(StreamError::from(MultipartError::FileName).into());
                    }
                    // Scripts send text fields as files called `blob`, and pictures too.
                    Some("blob") => is_binary_file(&part.media_type, head(content, SMALL_FILE)),
                    Some(_) => true,
                };
                if is_large_file {
                    // A part without content would be taken for a line of text.
                    part.content = Bytes::from_static(b"\n");
                    each(&part)?;
                    let written = self.written(&part)?;
                    (self.state, self.part) = (State::File, Begun::default());
                    return Ok(Some((written, length_of_head)));
                }
                self.part.is_kept = true;
            }
            if settled.saturating_sub(length_of_head) > self.longest_field {
                return Err(StreamError::FieldTooLarge(self.longest_field).into());
            }
        }
        let Some(length) = whole else { return Ok(None) };
        let known = self.kept.get(..length).unwrap_or_default();
        let mut part = read_part(Bytes::copy_from_slice(known), Purpose::Form).map_err(StreamError::from)?;
        part.read_json(self.limits).map_err(StreamError::from)?;
        each(&part)?;
        let written = self.written(&part)?;
        (self.state, self.part) = (State::Delimited, Begun::default());
        Ok(Some((written, length + self.delimiter.len())))
    }

    /// What is written in front of a part, so that every server takes a file for a file.
    fn written(&mut self, part: &Part) -> Result<&'static [u8], StreamError> {
        if !part.is_untyped || self.changes_nothing {
            return Ok(b"");
        }
        if let Some(room) = &mut self.room {
            *room = room.checked_sub(1).ok_or(MultipartError::NoType)?;
        }
        self.has_grown = true;
        Ok(TYPE_OF_FILE)
    }

    /// Lets the bytes of a file pass, but for what may be the beginning of a delimiter.
    fn file(&mut self) -> Result<Option<usize>, StreamError> {
        if let Some(length) = self.delimiter_in_kept()? {
            self.state = State::Delimited;
            return Ok(Some(length + self.delimiter.len()));
        }
        let safe = self.kept.len().saturating_sub(self.delimiter.len());
        Ok(Some(safe).filter(|safe| *safe > 0))
    }

    /// Nothing can be read into line breaks.
    fn behind(&mut self) -> Result<Option<usize>, StreamError> {
        let (pairs, rest) = self.kept.as_chunks::<2>();
        if pairs.iter().any(|pair| pair != b"\r\n") || !(rest.is_empty() || rest == b"\r") {
            return Err(MultipartError::Epilogue.into());
        }
        Ok(Some(pairs.len() * 2).filter(|length| *length > 0))
    }

    /// Where the next delimiter begins. A line that is nearly one is an error.
    fn delimiter_in_kept(&mut self) -> Result<Option<usize>, StreamError> {
        let bare = self.delimiter.get(2..).unwrap_or_default();
        let mut from = self.searched;
        while let Some(at) =
            memchr::memmem::find(self.kept.get(from..).unwrap_or_default(), bare).map(|at| from + at)
        {
            let before = |back: usize| match at.checked_sub(back) {
                Some(place) => self.kept.get(place).copied(),
                None => self.passed.get(2 + at - back).copied(),
            };
            match (before(2), before(1)) {
                // The break belongs to the delimiter, so that it has to be here still.
                (Some(b'\r'), Some(b'\n')) if at >= 2 => return Ok(Some(at - 2)),
                (Some(b'\r'), Some(b'\n')) => from = at + 1,
                _ => return Err(MultipartError::NearBoundary.into()),
            }
        }
        self.searched = self.kept.len().saturating_sub(self.delimiter.len()).max(self.searched);
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &[u8] = b"multipart/form-data; boundary=B";
    const MANY: usize = 100;

    /// What passes of a body that comes in pieces of some size, and the parts that were seen.
    fn pass(body: &[u8], size: usize) -> Result<(Vec<u8>, Vec<String>), StreamError> {
        let limits = StructureLimits { depth: 8, members: MANY };
        let mut stream = MultipartStream::new(TYPE, 200_000, limits).unwrap();
        let (mut passed, mut seen) = (Vec::new(), Vec::new());
        for piece in body.chunks(size) {
            let bytes = stream.push(piece, |part| {
                seen.push(format!("{} {:?} {}", part.name, part.file_name, part.content.len()));
                Ok::<(), StreamError>(())
            })?;
            passed.extend_from_slice(&bytes);
        }
        stream.end()?;
        Ok((passed, seen))
    }

    fn file(name: &str, content: &[u8]) -> Vec<u8> {
        let head = format!(
            "Content-Disposition: form-data; name=\"f\"; filename=\"{name}\"\r\nContent-Type: image/png\r\n\r\n"
        );
        [head.as_bytes(), content].concat()
    }

    fn field(name: &str, content: &str) -> Vec<u8> {
        format!("Content-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}").into_bytes()
    }

    fn body(parts: &[Vec<u8>]) -> Vec<u8> {
        let mut body = Vec::new();
        for part in parts {
            body.extend_from_slice(b"--B\r\n");
            body.extend_from_slice(part);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--B--\r\n");
        body
    }

    #[test]
    fn a_body_passes_as_it_came_and_every_part_is_seen() {
        let png = [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &b"\r\n--A\xff".repeat(20_000)].concat();
        let text = "x".repeat(100_000);
        let body = body(&[
            field("a", "1"),
            file("p.png", &png),
            field("b", &text),
            file("blob", &png),
            file("s", b"s"),
        ]);
        for size in [7, 1000, 65_536, body.len()] {
            let (passed, seen) = pass(&body, size).unwrap();
            assert!(passed == body, "pieces of {size}");
            assert_eq!(
                seen,
                ["a None 1", "f Some(\"p.png\") 1", "b None 100000", "f Some(\"blob\") 1", "f Some(\"s\") 1"]
            );
        }
        assert_eq!(pass(b"\r\n--B--\r\n\r\n", 3).unwrap().1, Vec::<String>::new());
    }

    /// The head of a part is read and judged once, in however many pieces its content comes.
    #[test]
    fn a_kept_part_is_decided_once() {
        let picture = [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &[0xff; 10], &b"a".repeat(150_000)].concat();
        for part in [file("blob", &picture), field("a", &"x".repeat(150_000))] {
            let body = body(&[part]);
            let limits = StructureLimits { depth: 8, members: MANY };
            for size in [16, 1000, body.len()] {
                let mut stream = MultipartStream::new(TYPE, 200_000, limits).unwrap();
                for piece in body.chunks(size) {
                    stream.push(piece, |_| Ok::<(), StreamError>(())).unwrap();
                }
                assert_eq!((stream.heads_read, stream.end()), (1, Ok(())), "pieces of {size}");
            }
        }
    }

    #[test]
    fn a_file_without_a_type_passes_with_one() {
        let untyped = |content: &str| {
            format!("Content-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\n{content}")
                .into_bytes()
        };
        for content in ["x\ny", &"x".repeat(100_000)] {
            let parts = [field("a", "1"), untyped(content), field("b", "2")];
            let typed = [&parts[0][..], &[TYPE_OF_FILE, &parts[1]].concat(), &parts[2]].map(<[u8]>::to_vec);
            for size in [7, 1000, 200_000] {
                let (passed, seen) = pass(&body(&parts), size).unwrap();
                assert!(passed == body(&typed), "pieces of {size}");
                assert_eq!(seen.len(), 3);
            }
            let limits = StructureLimits { depth: 8, members: MANY };
            let mut stream = MultipartStream::new(TYPE, 200_000, limits).unwrap();
            let push = |stream: &mut MultipartStream, bytes: &[u8]| {
                stream.push(bytes, |_| Ok::<(), StreamError>(()))
            };
            stream.settle_length();
            assert_eq!(push(&mut stream, &body(&parts)), Err(MultipartError::NoType.into()));
            // Of a client that has written none before, some more are expected.
            let all = body(&[&parts[..], &parts].concat());
            let (first, rest) = all.split_at(all.len() / 2 + 50);
            let mut stream = MultipartStream::new(TYPE, 200_000, limits).unwrap();
            let mut passed = push(&mut stream, first).unwrap().to_vec();
            stream.settle_length();
            let told = passed.len() + stream.kept() + rest.len() + stream.spare();
            passed.extend_from_slice(&push(&mut stream, rest).unwrap());
            passed.extend_from_slice(&stream.fill());
            assert_eq!(passed.len(), told);
            let read = super::super::multipart::read(TYPE, &passed.into(), 9, Purpose::Form).unwrap();
            assert!(read.len() == 6 && read.iter().all(|part| !part.is_untyped));
        }
    }

    #[test]
    fn what_servers_read_in_two_ways_ends_the_stream() {
        let large = b"y".repeat(100_000);
        let plain = "z".repeat(300_000);
        for (bytes, error) in [
            (b"x--B--\r\n".to_vec(), MultipartError::Preamble.into()),
            (
                body(&[file("p", &[&large[..], b"\n--B\r\n", &large].concat())]),
                MultipartError::NearBoundary.into(),
            ),
            (
                body(&[file("p", &[&large[..], b"\r--Bx", &large].concat())]),
                MultipartError::NearBoundary.into(),
            ),
            (
                body(&[file("p", &[&large[..], b"\r\n--Bx\r\n", &large].concat())]),
                MultipartError::NearBoundary.into(),
            ),
            (body(&[file(" ", &large)]), MultipartError::FileName.into()),
            (body(&[file("blob", plain.as_bytes())]), StreamError::FieldTooLarge(200_000)),
            (body(&[field("a", &plain)]), StreamError::FieldTooLarge(200_000)),
            ([&body(&[file("p", &large)])[..], b"x"].concat(), MultipartError::Epilogue.into()),
            (
                b"--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx".to_vec(),
                MultipartError::NoEnd.into(),
            ),
            (body(&[b"X: y".to_vec()]), MultipartError::Header.into()),
            ([&b"--B\r\n"[..], &large].concat(), MultipartError::Header.into()),
            (body(&vec![field("a", "1"); MANY + 1]), MultipartError::TooMany.into()),
        ] {
            for size in [7, 1000, bytes.len()] {
                assert_eq!(pass(&bytes, size).err().as_ref(), Some(&error), "pieces of {size}");
            }
        }
    }
}
