//! Where the entries of a log are kept: bytes in segments that states and deltas share.
//!
//! Meaning: storage only; an entry is found again by its place.
//! Laws: what was put in is read back; a segment never changes once it is shared.
//! Cost: O(length) to put in, O(1) to read; a clone copies the last segment only. Collecting pieces
//! copies the last segment and short pieces.
//! Source: this project.

use std::ops::Range;
use std::sync::Arc;

/// A segment of this many bytes is full. A longer entry gets a segment of its own.
const FULL: usize = 64 * 1024;

/// A piece of at least this many bytes is shared, and a shorter one copied.
const SHARED: usize = 4 * 1024;

/// Where an entry is. Only the segments that it was put in can read it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    segment: u32,
    start: u32,
    length: u32,
}

impl Place {
    /// How many bytes the entry is of.
    pub fn len(self) -> u32 {
        self.length
    }
}

/// Entries, of 2^32 − 1 bytes at most each.
#[derive(Clone, Debug, Default)]
pub(super) struct Segments {
    /// The full ones, which never change.
    full: Vec<Arc<Vec<u8>>>,
    /// The one that is still written to. Its number is that of the full ones.
    open: Vec<u8>,
}

impl Segments {
    /// Keeps an entry.
    pub fn put(&mut self, entry: &[u8]) -> Place {
        if !self.open.is_empty() && self.open.len() + entry.len() > FULL {
            self.close();
            self.open.reserve_exact(FULL.max(entry.len()));
        }
        let start = self.open.len() as u32;
        self.open.extend_from_slice(entry);
        Place { segment: self.full.len() as u32, start, length: entry.len() as u32 }
    }

    /// Closes the current segment.
    fn close(&mut self) {
        if !self.open.is_empty() {
            let mut open = std::mem::take(&mut self.open);
            open.shrink_to_fit();
            self.full.push(Arc::new(open));
        }
    }

    /// Adopts a piece as a segment, without a copy; returns its number.
    fn adopt(&mut self, piece: &Piece) -> u32 {
        self.close();
        self.full.push(piece.segment.clone());
        self.full.len() as u32 - 1
    }

    /// How many bytes there are, shared ones as well. Cost: O(segments).
    pub fn bytes(&self) -> usize {
        self.open.len() + self.full.iter().map(|segment| segment.len()).sum::<usize>()
    }

    /// The entry.
    pub fn get(&self, place: Place) -> &[u8] {
        let segment = self.full.get(place.segment as usize).map_or(&self.open, |full| full);
        &segment[place.start as usize..][..place.length as usize]
    }
}

/// Bytes side by side in one segment.
#[derive(Clone, Debug)]
struct Piece {
    segment: Arc<Vec<u8>>,
    start: usize,
    end: usize,
}

impl Piece {
    fn len(&self) -> usize {
        self.end - self.start
    }

    fn bytes(&self) -> &[u8] {
        &self.segment[self.start..self.end]
    }
}

/// Entries one after the other, in as many pieces as it takes. No entry lies in two pieces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pieces(Vec<Piece>);

impl Pieces {
    /// The bytes, one piece after the other. None is empty.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Piece::bytes)
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(Piece::len).sum()
    }
}

impl Pieces {
    /// One piece, which is a part of these bytes, without a copy.
    pub fn part(bytes: &Arc<Vec<u8>>, part: Range<usize>) -> Self {
        let piece = Piece { segment: bytes.clone(), start: part.start, end: part.end };
        Self(if part.is_empty() { Vec::new() } else { vec![piece] })
    }
}

impl From<Vec<u8>> for Pieces {
    /// One piece, without a copy.
    fn from(bytes: Vec<u8>) -> Self {
        let all = 0..bytes.len();
        Self::part(&Arc::new(bytes), all)
    }
}

/// Collects entries into pieces: long stretches of a segment are shared, all else is copied.
pub(super) struct Collector<'a> {
    segments: &'a Segments,
    pieces: Vec<Piece>,
    /// What is copied, and belongs behind the pieces.
    copied: Vec<u8>,
    /// The present stretch, which belongs behind what is copied.
    segment: u32,
    start: u32,
    end: usize,
}

impl<'a> Collector<'a> {
    pub fn new(segments: &'a Segments) -> Self {
        Self { segments, pieces: Vec::new(), copied: Vec::new(), segment: 0, start: 0, end: 0 }
    }

    /// Appends an entry.
    pub fn push(&mut self, place: Place) {
        if (place.segment, place.start as usize) != (self.segment, self.end) {
            self.end_stretch();
            (self.segment, self.start) = (place.segment, place.start);
        }
        self.end = place.start as usize + place.length as usize;
    }

    fn end_stretch(&mut self) {
        let (start, end) = (self.start as usize, self.end);
        match self.segments.full.get(self.segment as usize) {
            Some(full) if end - start >= SHARED => {
                self.end_copied();
                self.pieces.push(Piece { segment: full.clone(), start, end });
            }
            Some(full) => self.copied.extend_from_slice(&full[start..end]),
            None => self.copied.extend_from_slice(&self.segments.open[start..end]),
        }
    }

    fn end_copied(&mut self) {
        let copied = std::mem::take(&mut self.copied);
        self.pieces.extend(Pieces::from(copied).0);
    }

    /// All that was appended.
    pub fn finish(mut self) -> Pieces {
        self.end_stretch();
        self.end_copied();
        Pieces(self.pieces)
    }
}

/// Writes entries from pieces into segments, one after the other.
pub(super) struct SegmentWriter<'a> {
    segments: &'a mut Segments,
    /// The current piece, and those after it.
    pieces: &'a [Piece],
    /// Where the next entry begins, unless it lies in a later piece.
    at: usize,
    /// The number of the present piece, where it became a segment.
    adopted: Option<u32>,
    /// Whether most of the bytes are wanted, so that keeping all of a piece wastes little.
    adopts: bool,
}

impl<'a> SegmentWriter<'a> {
    /// `wanted` bytes of the pieces will be written.
    pub fn new(segments: &'a mut Segments, pieces: &'a Pieces, wanted: usize) -> Self {
        let at = pieces.0.first().map_or(0, |first| first.start);
        let adopts = wanted >= pieces.len() / 2;
        Self { segments, pieces: &pieces.0, at, adopted: None, adopts }
    }

    /// Skips the next entry; returns the piece that it lies in, and where.
    fn next(&mut self, length: usize) -> Option<(&'a Piece, usize)> {
        while self.pieces.first()?.end < self.at + length {
            self.pieces = &self.pieces[1..];
            self.at = self.pieces.first()?.start;
            self.adopted = None;
        }
        let start = self.at;
        self.at += length;
        Some((&self.pieces[0], start))
    }

    /// Skips the next entry.
    pub fn skip(&mut self, length: u32) {
        self.next(length as usize);
    }

    /// Writes the next entry.
    pub fn write(&mut self, length: u32) -> Place {
        // Only an empty entry can come without a piece.
        let Some((piece, start)) = self.next(length as usize) else {
            return self.segments.put(&[]);
        };
        let all = piece.segment.len();
        let is_large = piece.len() >= (FULL / 2).max(all / 2) && all <= u32::MAX as usize;
        if !(self.adopts && is_large) {
            return self.segments.put(&piece.segment[start..start + length as usize]);
        }
        let segment = *self.adopted.get_or_insert_with(|| self.segments.adopt(piece));
        Place { segment, start: start as u32, length }
    }
}
