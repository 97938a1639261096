//! Which of many texts occur in a text, found in one pass over its bytes.
//!
//! Each needle is known by four of its bytes, those that the fewest other needles have. Of every
//! four bytes of the text a small bitmap says whether a needle may be known by them; only then the
//! needles in question are compared. So a text costs about a nanosecond per byte, however many
//! needles there are, and the index some thirty bytes per needle.
//!
//! Needles `\powershell.exe` and `\pwsh.exe`: of `c:\x\pwsh.exe` the bytes `pwsh` are known, and
//! `\pwsh.exe` is found around them.

use std::collections::HashMap;
use std::ops::Range;

/// Bytes by which a needle is known; a shorter needle cannot be looked for.
pub(super) const GRAM: usize = 4;

/// Bits of the bitmap per needle, as a power of two.
const BITS_PER_NEEDLE: u32 = 5;

/// Bits of the bitmap per slot, as a power of two.
const BITS_PER_SLOT: u32 = 3;

/// An index of needles.
#[derive(Debug)]
pub(super) struct Grams {
    needles: Vec<Box<[u8]>>,
    /// How far a product is shifted to be a hash.
    shift: u32,
    /// By hash, whether a needle is known by bytes of that hash.
    bitmap: Vec<u64>,
    /// By slot, where its places start; one more, where the last one's end.
    starts: Vec<usize>,
    /// INVARIANT: sorted by slot.
    places: Vec<Place>,
}

/// Where a needle has the bytes by which it is known.
#[derive(Debug, Clone, Copy)]
struct Place {
    gram: u32,
    needle: usize,
    offset: usize,
}

impl Grams {
    /// An index of needles; those shorter than [`GRAM`] are never found.
    pub(super) fn new<'n>(needles: impl IntoIterator<Item = &'n str>) -> Self {
        let needles: Vec<Box<[u8]>> = needles.into_iter().map(|of| of.as_bytes().into()).collect();
        let bits = needles.len().clamp(16, 1 << 20).next_power_of_two().ilog2() + BITS_PER_NEEDLE;
        let mut grams = Self {
            shift: u32::BITS - bits,
            bitmap: vec![0; 1 << (bits - u64::BITS.ilog2())],
            starts: vec![0; (1 << (bits - BITS_PER_SLOT)) + 1],
            places: places(&needles),
            needles,
        };
        let shift = grams.shift;
        grams.places.sort_by_key(|place| hash(place.gram, shift));
        for place in &grams.places {
            let hash = hash(place.gram, shift);
            if let Some(word) = grams.bitmap.get_mut(hash / 64) {
                *word |= 1 << (hash % 64);
            }
            if let Some(count) = grams.starts.get_mut(slot(hash) + 1) {
                *count += 1;
            }
        }
        let mut total = 0;
        for start in &mut grams.starts {
            total += *start;
            *start = total;
        }
        grams
    }

    /// Calls `found` with each needle, by number, and each place where it occurs in the text: where
    /// it starts and ends.
    pub(super) fn find(&self, text: &[u8], found: &mut impl FnMut(usize, usize, usize)) {
        let mut from = 0;
        while let Some(at) = self.next(text, from) {
            let gram = text.get(at..at + GRAM).map_or(0, gram);
            self.compare(text, at, gram, self.slot(hash(gram, self.shift)), found);
            from = at + 1;
        }
    }

    /// The next place at which a needle may be known. On its own, so that its loop is as small as it
    /// can be: nearly all time goes into it.
    #[inline(never)]
    fn next(&self, text: &[u8], from: usize) -> Option<usize> {
        let (bitmap, shift) = (self.bitmap.as_slice(), self.shift);
        let is_known = |bytes: &[u8]| {
            let hash = hash(gram(bytes), shift);
            bitmap.get(hash / 64).is_some_and(|word| word >> (hash % 64) & 1 == 1)
        };
        Some(from + text.get(from..)?.windows(GRAM).position(is_known)?)
    }

    fn compare(
        &self,
        text: &[u8],
        at: usize,
        gram: u32,
        places: Range<usize>,
        found: &mut impl FnMut(usize, usize, usize),
    ) {
        for place in self.places.get(places).into_iter().flatten() {
            if place.gram == gram
                && let Some(start) = at.checked_sub(place.offset)
                && let (Some(rest), Some(needle)) =
                    (text.get(start..), self.needles.get(place.needle))
                && rest.starts_with(needle)
            {
                found(place.needle, start, start + needle.len());
            }
        }
    }

    fn slot(&self, hash: usize) -> Range<usize> {
        let bound = |slot| self.starts.get(slot).copied().unwrap_or_default();
        bound(slot(hash))..bound(slot(hash) + 1)
    }
}

/// For each needle the bytes that are in the fewest needles.
fn places(needles: &[Box<[u8]>]) -> Vec<Place> {
    let mut uses: HashMap<u32, u32> = HashMap::new();
    for needle in needles {
        for bytes in needle.windows(GRAM) {
            *uses.entry(gram(bytes)).or_default() += 1;
        }
    }
    let rarest = |(needle, text): (usize, &[u8])| {
        let all = text.windows(GRAM).enumerate();
        let all = all.map(|(offset, bytes)| Place { gram: gram(bytes), needle, offset });
        all.min_by_key(|place| uses.get(&place.gram))
    };
    needles.iter().map(AsRef::as_ref).enumerate().filter_map(rarest).collect()
}

fn gram(bytes: &[u8]) -> u32 {
    bytes.try_into().map_or(0, u32::from_le_bytes)
}

/// The upper bits of a product, which depend on all bytes.
fn hash(gram: u32, shift: u32) -> usize {
    (gram.wrapping_mul(0x9e37_79b1) >> shift) as usize
}

fn slot(hash: usize) -> usize {
    hash >> BITS_PER_SLOT
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn found(needles: &[String], text: &str) -> BTreeSet<(usize, usize)> {
        let mut all = BTreeSet::new();
        let grams = Grams::new(needles.iter().map(String::as_str));
        grams.find(text.as_bytes(), &mut |needle, start, end| {
            assert_eq!(text.get(start..end), Some(needles[needle].as_str()));
            all.insert((needle, start));
        });
        all
    }

    #[test]
    fn needles_are_found_at_both_ends_and_only_whole() {
        let needles = [r"\pwsh.exe", "c:\\x", "x\\pwsh.exes", "äöü"].map(str::to_owned);
        assert_eq!(found(&needles, r"c:\x\pwsh.exe"), [(0, 4), (1, 0)].into());
        assert_eq!(found(&needles, "xäöü"), [(3, 1)].into());
        assert_eq!(found(&needles, "abc"), [].into());
        assert_eq!(found(&[], "abcdef"), [].into());
    }

    proptest! {
        #[test]
        fn exactly_the_needles_that_occur_are_found(
            needles in prop::collection::vec("[ab]{4,8}", 0..40),
            text in "[ab]{0,20}",
        ) {
            let expected: BTreeSet<_> = (0..needles.len())
                .flat_map(|at| (0..text.len()).map(move |start| (at, start)))
                .filter(|(at, start)| text.get(*start..).unwrap().starts_with(&needles[*at]))
                .collect();
            prop_assert_eq!(found(&needles, &text), expected);
        }
    }
}
