//! The process stands still for twenty minutes at a chosen operation (SIGSTOP, a suspended machine), and the relay has given it up
//! when it goes on.

use super::End;
use super::Ground;
use super::LONG;
use super::PEOPLE;
use super::moments;
use super::shim::Faults;
use crate::program::SOON;
use crate::program::until;
use crate::program::until_or;

const MOMENTS: u64 = 6;
const TWENTY_MINUTES: i64 = 20 * 60;

#[test]
fn a_process_that_stood_still_for_twenty_minutes_anywhere_loses_nothing_and_repeats_only_what_is_in_doubt() {
    for on in ["s", "n"] {
        let mut ground = Ground::new("every=1 dot delay 5ms");
        let whole = ground.operations(on);
        let moments = moments(whole, MOMENTS);
        let mut all = End::default();
        for at in &moments {
            ground.renew();
            all += freeze(&mut ground, &Faults { on, at: *at, what: "stop", ..Faults::default() });
        }
        println!("{whole} operations of {on}; frozen at {} of them; 0 mails lost; {all:?}", moments.len());
    }
}

fn freeze(ground: &mut Ground, faults: &Faults) -> End {
    let faulty = ground.serve(faults);
    let told = || format!("{faults:?}\n{}", faulty.program.told());
    until_or("the stop", LONG, || faulty.is_frozen() || ground.mails().len() == PEOPLE, told);
    // Where so many operations weren't needed, it doesn't happen on the way to the end.
    faulty.mend();
    // The relay waits no longer for what doesn't move.
    ground.sink.restart("every=1 dot delay 5ms");
    faulty.pass(TWENTY_MINUTES);
    faulty.program.signal("CONT");
    until("it to move", SOON, || faulty.program.state() != 'T');
    ground.bring_to_an_end(faulty, &format!("{faults:?}"))
}
