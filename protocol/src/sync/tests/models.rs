//! Primitives beside plain models of them.

use std::{collections::VecDeque, mem};

use proptest::prelude::*;

use super::*;

fn item() -> impl Strategy<Value = Item> {
    prop_oneof![
        Just(Item::None),
        any::<bool>().prop_map(Item::from),
        any::<i64>().prop_map(Item::from),
        (-1e300..1e300).prop_map(Item::from),
        ".{0,20}".prop_map(Item::from),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Item::from),
    ]
}

proptest! {
    #[test]
    fn a_list_is_as_a_vector_of_fixed_room(
        items in proptest::collection::vec(item(), 0..12),
        changes in proptest::collection::vec((0..14_usize, item()), 0..30),
    ) {
        let list = SharedList::new(items.clone()).unwrap();
        let opened = list.ticket().open().unwrap();
        let room = |item: &Item| item.encode().1.len().div_ceil(8).max(1) * 8;
        let rooms: Vec<_> = items.iter().map(room).collect();
        let mut reference = items;
        for (index, item) in changes {
            let bytes = item.encode().1.len();
            let expected = match rooms.get(index) {
                None => Err(SyncError::NoSuchItem { index, length: rooms.len() }),
                Some(&room) if bytes > room => Err(SyncError::TooLong { bytes, room }),
                Some(_) => {
                    reference[index] = item.clone();
                    Ok(())
                }
            };
            prop_assert_eq!(opened.set(index, item), expected);
            prop_assert_eq!(list.to_vec(), reference.clone());
        }
        prop_assert_eq!(list.get(rooms.len()), None);
    }

    /// Openings that take, give back, use up, make, and die, against a plain count of who has what.
    #[test]
    fn a_semaphore_counts_as_a_plain_count_does(
        permits in 0..4_u32,
        steps in proptest::collection::vec((0..5_u8, 0..3_usize), 0..60),
    ) {
        let semaphore = Semaphore::new(permits).unwrap();
        let mut openings = [(); 3].map(|()| semaphore.ticket().open().unwrap());
        let mut held = [0_u32; 3];
        let mut total = permits;
        for (step, who) in steps {
            let free = total - held.iter().sum::<u32>();
            match step {
                0 | 1 => {
                    let permit = openings[who].try_acquire();
                    prop_assert_eq!(permit.is_ok(), free > 0);
                    held[who] += u32::from(free > 0);
                    mem::forget(permit);
                }
                2 if held[who] > 0 => {
                    drop(Permit::of(&openings[who]));
                    held[who] -= 1;
                }
                3 if held[who] > 0 => {
                    Permit::of(&openings[who]).forget();
                    held[who] -= 1;
                    total -= 1;
                }
                3 => {
                    openings[who].release(1).unwrap();
                    total += 1;
                }
                _ => {
                    openings[who] = semaphore.ticket().open().unwrap();
                    held[who] = 0;
                }
            }
        }
        let left: VecDeque<_> = std::iter::from_fn(|| semaphore.try_acquire().ok()).collect();
        prop_assert_eq!(u32::try_from(left.len()).unwrap(), total - held.iter().sum::<u32>());
    }
}
