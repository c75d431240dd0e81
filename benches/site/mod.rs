//! The site that the benchmarks work with. Measures nothing.

use dripline::clock::Clock;
use dripline::flow::App;
use dripline::flow::DeliverySettings;
use dripline::flow::InDoubt;
use dripline::flow::Settings;
use dripline::flow::dkim_key;
use dripline::flow::open;
use dripline::flow::retention::Retention;
use dripline::message::Algorithm;
use dripline::message::Signer;
use dripline::message::Templates;
use dripline::site::Images;
use dripline::site::Sender;
use dripline::site::Site;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

/// The file below a site's folder that names its database; where there is none it is SQLite there.
pub const DATABASE: &str = "database.url";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A site of its own below `folder`, which reads its courses from `courses` there.
/// Signs with an RSA-2048 key made for it, if `dkim`.
pub async fn app(folder: &Path, clock: Clock, dkim: bool) -> Result<App> {
    let settings = Settings {
        site: Site {
            name: "Steady Ground".to_string(),
            url: "https://learn.example.org".to_string(),
            postal_address: "1 Example Street, Exampletown".to_string(),
            time_zone: TimeZone::UTC,
            language: "en".to_string(),
            daily_cap: 1,
            quiet_during_course: false,
            images: Images::Serve,
        },
        sender: Sender { name: "Ana".to_string(), address: "ana@example.org".parse()?, reply_to: None },
        bounce: "bounces@example.org".parse()?,
        courses: folder.join("courses"),
        data: folder.join("data"),
        delivery: DeliverySettings {
            in_doubt: InDoubt::Resend,
            in_doubt_after: SignedDuration::from_mins(15),
            lesson_expires: SignedDuration::from_hours(48),
        },
        retention: Retention::default(),
        dkim: if dkim { Some(signer(folder)?) } else { None },
        operator: None,
        redirect_to: None,
    };
    let url = std::fs::read_to_string(folder.join(DATABASE))
        .unwrap_or_else(|_| format!("sqlite:{}", folder.join("data/dripline.db").display()));
    let templates = Templates::load(&BTreeMap::new()).map_err(|problems| problems[0].to_string())?;
    Ok(open::open(&url, clock, settings, templates).await?)
}

fn signer(folder: &Path) -> Result<Arc<Signer>> {
    let key = dkim_key::make(Algorithm::Rsa, &folder.join("dkim.pem"))?;
    Ok(Arc::new(Signer::new("example.org".to_string(), vec![("d1".to_string(), key)])))
}
