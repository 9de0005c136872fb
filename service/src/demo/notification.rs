//! What people were told: of their videos, their NFTs, and by the house.

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::UserId;
use entity::media::notification::{Model, NotificationType};
use entity::media::video::VideoStatus;
use entity::media::{nft_ownership, video};
use serde_json::{Value, json};

use super::dice::Dice;
use super::people::People;
use super::rows::Rows;
use super::text::Words;

/// Who is told what, and when.
struct News<'a> {
    dice: &'a Dice,
    now: DateTime<Utc>,
    all: Vec<Model>,
}

/// Every notification.
pub(super) fn all(
    rows: &Rows<'_>,
    dice: &Dice,
    words: &Words,
    people: &People,
    (nfts, videos): (&[nft_ownership::Model], &[video::Model]),
) -> Vec<Model> {
    let mut news = News {
        dice,
        now: rows.now,
        all: Vec::new(),
    };
    news.of_videos(videos);
    news.of_nfts(nfts);
    for (announcement, days) in words.list("announcement").iter().zip([61, 34, 6]) {
        let at = rows.days_ago(days);
        for person in people.users.iter().filter(|person| person.since < at) {
            let kind = NotificationType::SystemAnnouncement;
            news.tell(person.id, at, kind, ("News", announcement), None);
        }
    }
    for person in &people.users {
        let at = (person.since + dice.seconds(400, 90_000)).min(rows.now);
        if dice.percent(40) {
            let text = ("Profile updated", "Your profile is complete.");
            news.tell(person.id, at, NotificationType::ProfileUpdate, text, None);
        }
        if dice.percent(30) {
            let text = ("Mission completed", words.one(dice, "mission"));
            news.tell(
                person.id,
                at,
                NotificationType::MissionCompleted,
                text,
                None,
            );
        }
    }
    news.all
}

impl News<'_> {
    fn tell(
        &mut self,
        user_id: UserId,
        at: DateTime<Utc>,
        kind: NotificationType,
        (title, message): (&str, &str),
        data: Option<Value>,
    ) {
        // What is older was read more likely.
        let age = u64::try_from((self.now - at).num_days()).unwrap_or(0);
        let is_read = self.dice.percent((15 + age * 4).min(95));
        let read = (at + self.dice.seconds(60, 200_000)).min(self.now);
        self.all.push(Model {
            id: self.dice.id(at),
            user_id,
            kind,
            title: title.to_owned(),
            message: message.to_owned(),
            data,
            is_read,
            created_at: at,
            updated_at: if is_read { read } else { at },
        });
    }

    fn of_videos(&mut self, videos: &[video::Model]) {
        for video in videos {
            let title = video.title.as_deref().unwrap_or_default();
            let (kind, headline, message) = match (video.status, &video.error_message) {
                (VideoStatus::Completed, _) => (
                    NotificationType::VideoCompleted,
                    "Your video is ready",
                    format!("\u{201c}{title}\u{201d} can be watched."),
                ),
                (VideoStatus::Failed, Some(error)) => (
                    NotificationType::VideoFailed,
                    "Your video failed",
                    format!("\u{201c}{title}\u{201d} was not made: {error}."),
                ),
                _ => continue,
            };
            let data = Some(json!({ "video_id": video.id }));
            let at = video.updated_at + TimeDelta::milliseconds(20);
            self.tell(video.user_id, at, kind, (headline, &message), data);
        }
    }

    fn of_nfts(&mut self, nfts: &[nft_ownership::Model]) {
        for nft in nfts {
            if let (Some(user), Some(at)) = (nft.user_id, nft.last_verified) {
                let message = format!("You are the holder of {}.", nft.nft_id);
                let data = Some(json!({ "nft_id": nft.nft_id }));
                let text = ("Ownership verified", message.as_str());
                self.tell(user, at, NotificationType::NftVerified, text, data);
            }
        }
    }
}
