//! The cost of some work: the bytes held at most, and the bytes allocated in all, which stand for the
//! steps of a program that copies and builds. A thread counts for itself. The fuzz targets of
//! `sim/fuzz` use this file too.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
    static ALL: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, which counts.
#[derive(Debug)]
pub struct Counting;

fn count(bytes: usize, sign: isize) {
    let held = HELD.get() + sign * isize::try_from(bytes).expect("an allocation is smaller");
    HELD.set(held);
    MOST.set(MOST.get().max(held));
    if sign > 0 {
        ALL.set(ALL.get() + bytes);
    }
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait; it passes everything on")]
// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The counters at the beginning of the work.
#[derive(Debug)]
pub struct Cost {
    held: isize,
    all: usize,
}

impl Cost {
    /// Begins to count from here.
    #[must_use]
    pub fn begin() -> Self {
        MOST.set(HELD.get());
        Self { held: HELD.get(), all: ALL.get() }
    }

    /// The peak of the bytes held since the beginning, above the bytes held at the beginning.
    #[must_use]
    pub fn peak(&self) -> usize {
        usize::try_from(MOST.get() - self.held).unwrap_or(0)
    }

    /// Checks that a body held at most `base` bytes and `each` bytes for each byte of the input at a
    /// time, and allocated at most sixteen times as many in all.
    pub fn check(&self, body: &str, input: usize, base: usize, each: usize) {
        let limit = base + each * input;
        let peak = self.peak();
        let all = ALL.get() - self.all;
        assert!(peak <= limit, "{body}: {peak} bytes held for {input} bytes, over {limit}");
        assert!(all <= 16 * limit, "{body}: {all} bytes allocated for {input} bytes");
    }
}
