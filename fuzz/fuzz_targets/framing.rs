//! Whatever the sentinel lets through, a common parser reads; and pieces do not change what it lets through.
#![no_main]

use guard::framing::{FramingError, HeadLimits, Scan, Sentinel};
use libfuzzer_sys::fuzz_target;

fn run(stream: &[u8], piece: usize) -> (Vec<u8>, Option<FramingError>) {
    let mut sentinel = Sentinel::new(HeadLimits { bytes: 2048, fields: 32 });
    let (mut buffer, mut passed) = (Vec::new(), Vec::new());
    for part in stream.chunks(piece) {
        buffer.extend_from_slice(part);
        loop {
            let first_head = sentinel.heads() == 0;
            match sentinel.scan(&buffer) {
                Scan::Pass(count) => {
                    if first_head {
                        let mut headers = [httparse::EMPTY_HEADER; 33];
                        let mut request = httparse::Request::new(&mut headers);
                        assert_eq!(request.parse(&buffer[..count]), Ok(httparse::Status::Complete(count)));
                    }
                    passed.extend(buffer.drain(..count));
                }
                Scan::Skip(count) => drop(buffer.drain(..count)),
                Scan::More => break,
                Scan::Refuse(error) => return (passed, Some(error)),
            }
        }
    }
    (passed, None)
}

fuzz_target!(|stream: &[u8]| {
    let (whole, error) = run(stream, stream.len().max(1));
    let (pieces, piecewise) = run(stream, 1);
    // A byte at a time may see an error earlier or a limit later, but never let more through.
    assert!(whole.starts_with(&pieces) || pieces.starts_with(&whole));
    assert_eq!(error.is_some(), piecewise.is_some());
});
