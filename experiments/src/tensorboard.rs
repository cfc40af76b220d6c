//! TensorBoard's event files, as far as scalars need them.
//!
//! A file is a sequence of records: the length of the data (8 bytes), its checksum, the data, its checksum; all little-endian.
//! The data is a message `Event` in protocol buffers' wire format: `wall_time` (field 1, a double), `step` (2, an integer),
//! and `file_version` (3, text) in the first record of a file, `summary` (5, a message) in all others. A summary has `value`s
//! (1, messages) of `tag` (1, text) and `simple_value` (2, a float). This format has not changed since 2015, and a crate for it
//! would bring a compiler for protocol buffers along.

/// The name of the event file in a run's folder: TensorBoard looks for `tfevents` in it.
pub const FILE_NAME: &str = "events.out.tfevents.0.vsml";

/// How protocol buffers lay out a field.
#[derive(Clone, Copy)]
enum Wire {
    Varint = 0,
    EightBytes = 1,
    Delimited = 2,
    FourBytes = 5,
}

/// The record that a file begins with.
pub fn beginning(wall_time: f64) -> Vec<u8> {
    let mut event = event(wall_time);
    delimited(&mut event, 3, b"brain.Event:2");
    record(&event)
}

/// The record of these scalars, by tag, at one step.
pub fn scalars<'a>(wall_time: f64, step: u64, scalars: impl IntoIterator<Item = (&'a str, f32)>) -> Vec<u8> {
    let mut summary = Vec::new();
    for (tag, value) in scalars {
        let mut scalar = Vec::new();
        delimited(&mut scalar, 1, tag.as_bytes());
        key(&mut scalar, 2, Wire::FourBytes);
        scalar.extend(value.to_le_bytes());
        delimited(&mut summary, 1, &scalar);
    }
    let mut event = event(wall_time);
    key(&mut event, 2, Wire::Varint);
    varint(&mut event, step);
    delimited(&mut event, 5, &summary);
    record(&event)
}

/// How every event begins.
fn event(wall_time: f64) -> Vec<u8> {
    let mut event = Vec::new();
    key(&mut event, 1, Wire::EightBytes);
    event.extend(wall_time.to_le_bytes());
    event
}

fn key(message: &mut Vec<u8>, field: u8, wire: Wire) {
    message.push((field << 3) | wire as u8);
}

fn delimited(message: &mut Vec<u8>, field: u8, content: &[u8]) {
    key(message, field, Wire::Delimited);
    varint(message, content.len() as u64);
    message.extend_from_slice(content);
}

/// Seven bits a byte, the lowest first; the eighth says that there are more.
fn varint(message: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        message.push(number as u8 | 0x80);
        number >>= 7;
    }
    message.push(number as u8);
}

fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &checksum(&length), data, &checksum(data)].concat()
}

/// CRC-32C, masked: records may hold checksums, and the checksum of what holds its own checksum is always the same.
fn checksum(data: &[u8]) -> [u8; 4] {
    crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// Castagnoli's cyclic redundancy check, by its definition: a generation has some hundred bytes.
fn crc32c(data: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    let divide = |rest: u32| if rest & 1 == 1 { (rest >> 1) ^ POLYNOMIAL } else { rest >> 1 };
    !data.iter().fold(!0, |rest, &byte| (0..8).fold(rest ^ u32::from(byte), |rest, _| divide(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnolis() {
        // The check value of the catalogues; and 32 zeros, from RFC 3720, B.4.
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
    }

    /// Expected: what TensorBoard 2.21 writes.
    ///
    /// ```python
    /// from tensorboard.compat.proto.event_pb2 import Event
    /// from tensorboard.compat.proto.summary_pb2 import Summary
    /// from tensorboard.summary.writer.record_writer import RecordWriter
    /// writer = RecordWriter(file)
    /// writer.write(Event(wall_time=1.5, file_version="brain.Event:2").SerializeToString())
    /// values = [Summary.Value(tag="fitness/mean", simple_value=0.1), Summary.Value(tag="loss", simple_value=-2.0)]
    /// writer.write(Event(wall_time=2.25, step=300, summary=Summary(value=values)).SerializeToString())
    /// ```
    #[test]
    fn the_bytes_are_those_that_tensorboard_writes() {
        let written = [beginning(1.5), scalars(2.25, 300, [("fitness/mean", 0.1), ("loss", -2.0)])].concat();
        let hexadecimal: String = written.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hexadecimal, EXPECTED.concat());
    }

    const EXPECTED: [&str; 3] = [
        "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c3000000000000000",
        "95f5d05f09000000000000024010ac022a220a130a0c6669746e6573732f6d65616e15cdcccc3d0a0b0a046c6f737315",
        "000000c008bc8de5",
    ];
}
