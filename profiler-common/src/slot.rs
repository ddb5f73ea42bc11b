//! Access to map values that several CPUs write at the same time.
//!
//! A reference would promise the compiler that no other CPU writes. A [`Slot`] is a pointer
//! instead: each field is read and written whole, by volatile accesses. Sums that two CPUs may add
//! to at the same moment use the atomic addition.
#![expect(
    unsafe_code,
    reason = "fields of shared map values are reached by pointer"
)]

use core::fmt::{self, Debug, Formatter};
use core::marker::PhantomData;

/// A value that other CPUs may read and write.
pub struct Slot<'a, T> {
    pointer: *mut T,
    lifetime: PhantomData<&'a T>,
}

impl<'a, T> Slot<'a, T> {
    /// Wraps a value that nothing else refers to meanwhile.
    pub fn exclusive(value: &'a mut T) -> Self {
        Slot {
            pointer: value,
            lifetime: PhantomData,
        }
    }

    /// Wraps a value inside a map.
    ///
    /// # Safety
    /// `pointer` is aligned and points to a value that stays in place for `'a`. Every access to it
    /// meanwhile goes through a pointer, not through a reference.
    #[inline(always)]
    pub const unsafe fn from_map(pointer: *mut T) -> Self {
        Slot {
            pointer,
            lifetime: PhantomData,
        }
    }

    /// The address of the value.
    #[inline(always)]
    pub const fn pointer(self) -> *mut T {
        self.pointer
    }

    /// Reads the whole value, field by field as the compiler likes.
    #[inline(always)]
    pub fn load(self) -> T
    where
        T: Copy,
    {
        // SAFETY: the pointer is valid and aligned, by the promise of the constructors.
        unsafe { self.pointer.read() }
    }

    /// Overwrites the whole value.
    #[inline(always)]
    pub fn store(self, value: T) {
        // SAFETY: the pointer is valid and aligned, by the promise of the constructors.
        unsafe { self.pointer.write(value) };
    }
}

impl<T> Clone for Slot<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Slot<'_, T> {}

impl<T> Debug for Slot<'_, T> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "Slot({:p})", self.pointer)
    }
}

/// One field of a value that other CPUs may read and write.
pub struct Field<'a, F> {
    pointer: *mut F,
    lifetime: PhantomData<&'a F>,
}

impl<F> Clone for Field<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Field<'_, F> {}

impl<F> Field<'_, F> {
    /// Wraps a field of a slot.
    ///
    /// # Safety
    /// `pointer` is aligned and points into a value that a slot of the same lifetime refers to.
    #[inline(always)]
    pub const unsafe fn inside(pointer: *mut F) -> Self {
        Field {
            pointer,
            lifetime: PhantomData,
        }
    }

    /// The address of the field.
    #[inline(always)]
    pub const fn pointer(self) -> *mut F {
        self.pointer
    }
}

impl<F: Copy> Field<'_, F> {
    /// Reads the field.
    #[inline(always)]
    pub fn get(self) -> F {
        // SAFETY: the pointer is valid and aligned, by the promise of the constructor.
        unsafe { self.pointer.read_volatile() }
    }

    /// Writes the field.
    #[inline(always)]
    pub fn set(self, value: F) {
        // SAFETY: the pointer is valid and aligned, by the promise of the constructor.
        unsafe { self.pointer.write_volatile(value) };
    }

    /// Writes the field and returns its value before.
    #[inline(always)]
    pub fn replace(self, value: F) -> F {
        let before = self.get();
        self.set(value);
        before
    }
}

impl<'a, F, const N: usize> Field<'a, [F; N]> {
    /// The element at `index`, if the array has one there.
    #[inline(always)]
    pub fn at(self, index: usize) -> Option<Field<'a, F>> {
        if index >= N {
            return None;
        }
        let element = self.pointer.cast::<F>().wrapping_add(index);
        // SAFETY: the index is inside the array, which lies in the slot.
        Some(unsafe { Field::inside(element) })
    }
}

macro_rules! sums {
    ($($number:ty),*) => {$(
        impl Field<'_, $number> {
            /// Adds to a number that only this CPU writes at the moment.
            #[inline(always)]
            pub fn add(self, by: $number) {
                self.set(self.get().wrapping_add(by));
            }
        }
    )*};
}

sums!(u16, u32, u64);

impl Field<'_, u64> {
    /// Adds to a number that other CPUs may add to at the same moment.
    #[inline(always)]
    pub fn add_shared(self, by: u64) {
        // SAFETY: the pointer is valid and aligned, by the promise of the constructor.
        unsafe { atomic_add(self.pointer, by) };
    }

    /// Likewise; returns the value before.
    #[inline(always)]
    pub fn fetch_add(self, by: u64) -> u64 {
        // SAFETY: the pointer is valid and aligned, by the promise of the constructor.
        unsafe { fetch_add(self.pointer, by) }
    }

    /// Subtracts as much of `by` as there is; returns how much that was.
    #[inline(always)]
    pub fn take_up_to(self, by: u64) -> u64 {
        let before = self.get();
        let taken = if by < before { by } else { before };
        self.set(before - taken);
        taken
    }
}

/// Adds to a number that other CPUs may add to at the same moment.
///
/// The BPF target has no atomic types in `core` (it lacks compare-and-swap before its third
/// version), but the instruction is as old as BPF.
///
/// # Safety
/// `number` is valid, and aligned to 8 bytes.
#[cfg(target_arch = "bpf")]
#[inline(always)]
pub unsafe fn atomic_add(number: *mut u64, by: u64) {
    // SAFETY: the caller promises that the pointer is valid and aligned.
    unsafe { core::arch::asm!("lock *(u64 *)({0} + 0) += {1}", in(reg) number, in(reg) by) };
}

/// Adds to a number that other threads may add to at the same moment.
///
/// # Safety
/// `number` is valid, and aligned to 8 bytes.
#[cfg(not(target_arch = "bpf"))]
pub unsafe fn atomic_add(number: *mut u64, by: u64) {
    use core::sync::atomic::{AtomicU64, Ordering};
    // SAFETY: the caller promises that the pointer is valid and aligned.
    let number = unsafe { AtomicU64::from_ptr(number) };
    number.fetch_add(by, Ordering::Relaxed);
}

/// Adds to a number that other programs may add to at the same moment; returns its value before.
///
/// # Safety
/// `number` is valid, and aligned to 8 bytes.
#[cfg(target_arch = "bpf")]
#[inline(always)]
pub unsafe fn fetch_add(number: *mut u64, by: u64) -> u64 {
    let mut by = by;
    // SAFETY: the caller promises that the pointer is valid and aligned.
    unsafe {
        core::arch::asm!(
            "{1} = atomic_fetch_add((u64 *)({0} + 0), {1})",
            in(reg) number,
            inout(reg) by
        )
    };
    by
}

/// Adds to a number that other threads may add to at the same moment; returns its value before.
///
/// # Safety
/// `number` is valid, and aligned to 8 bytes.
#[cfg(not(target_arch = "bpf"))]
pub unsafe fn fetch_add(number: *mut u64, by: u64) -> u64 {
    use core::sync::atomic::{AtomicU64, Ordering};
    // SAFETY: the caller promises that the pointer is valid and aligned.
    let number = unsafe { AtomicU64::from_ptr(number) };
    number.fetch_add(by, Ordering::Relaxed)
}

/// Hides a number's range from the compiler. It would otherwise drop a bounds check that the
/// verifier, which derives a wider range, insists on.
#[inline(always)]
pub fn opaque(number: usize) -> usize {
    let mut number = number;
    #[cfg(target_arch = "bpf")]
    // SAFETY: it moves a register to itself.
    unsafe {
        core::arch::asm!("{0} = {0}", inout(reg) number)
    };
    #[cfg(not(target_arch = "bpf"))]
    {
        number = core::hint::black_box(number);
    }
    number
}

/// Defines a wire type, and a method of its [`Slot`] for each field.
macro_rules! slotted {
    (
        $(#[$meta:meta])*
        pub struct $name:ident { $($(#[$doc:meta])* pub $field:ident: $type:ty,)* }
    ) => {
        $(#[$meta])*
        pub struct $name { $($(#[$doc])* pub $field: $type,)* }

        #[expect(unsafe_code, reason = "fields of shared map values are reached by pointer")]
        impl<'a> $crate::slot::Slot<'a, $name> {$(
            #[doc = concat!("Accesses [`", stringify!($name), "::", stringify!($field), "`].")]
            #[inline(always)]
            pub fn $field(self) -> $crate::slot::Field<'a, $type> {
                let value = self.pointer();
                // SAFETY: a slot points to a live value.
                let field = unsafe { &raw mut (*value).$field };
                // SAFETY: the field lies inside that value.
                unsafe { $crate::slot::Field::inside(field) }
            }
        )*}
    };
}
pub(crate) use slotted;

#[cfg(test)]
mod tests {
    use super::*;

    slotted! {
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[repr(C)]
        pub struct Pair {
            /// A sum.
            pub sum: u64,
            /// Several numbers.
            pub several: [u32; 2],
        }
    }

    #[test]
    fn changes_fields_in_place() {
        let mut pair = Pair::default();
        let slot = Slot::exclusive(&mut pair);
        slot.sum().set(5);
        slot.sum().add(2);
        slot.sum().add_shared(3);
        slot.several().at(1).expect("two").add(4);
        assert!(slot.several().at(2).is_none());
        assert_eq!(slot.sum().replace(9), 10);
        assert_eq!(slot.load().several, [0, 4]);
        assert_eq!(
            pair,
            Pair {
                sum: 9,
                several: [0, 4]
            }
        );
    }

    #[test]
    fn takes_no_more_than_there_is() {
        let mut pair = Pair {
            sum: 7,
            ..Pair::default()
        };
        let sum = Slot::exclusive(&mut pair).sum();
        assert_eq!((sum.take_up_to(5), sum.take_up_to(5), sum.get()), (5, 2, 0));
    }

    #[test]
    fn adds_atomically_from_several_threads() {
        extern crate std;
        let mut pair = Pair::default();
        let address = Slot::exclusive(&mut pair).sum().pointer() as usize;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    // SAFETY: the pair outlives the scope, and is aligned.
                    (0..1000).for_each(|_| unsafe { atomic_add(address as *mut u64, 1) });
                });
            }
        });
        assert_eq!(pair.sum, 4000);
    }
}
