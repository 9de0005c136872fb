//! Pages of a list, as connections.

use async_graphql::{OutputType, SimpleObject};
use service::page::{Page, Request};

/// Where a page ends.
#[derive(Debug, SimpleObject)]
pub(super) struct PageInfo {
    /// Whether there are more rows.
    has_next_page: bool,
    /// What to give as `after` to get them.
    end_cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug, SimpleObject)]
#[graphql(concrete(name = "RunConnection", params(super::pipeline::Run)))]
#[graphql(concrete(name = "CardConnection", params(super::pipeline::Card)))]
#[graphql(concrete(name = "ThreadConnection", params(super::conversation::Thread)))]
#[graphql(concrete(name = "MessageConnection", params(super::conversation::Message)))]
#[graphql(concrete(name = "SavedViewConnection", params(super::saved::SavedView)))]
#[graphql(concrete(name = "SavedReportConnection", params(super::saved::SavedReport)))]
pub(super) struct Connection<T: OutputType> {
    /// The rows.
    nodes: Vec<T>,
    /// Where the page ends.
    page_info: PageInfo,
}

impl<T: OutputType> Connection<T> {
    /// A page as a connection.
    pub(super) fn of<M>(page: Page<M>) -> Self
    where
        T: From<M>,
    {
        Self {
            nodes: page.items.into_iter().map(T::from).collect(),
            page_info: PageInfo {
                has_next_page: page.next.is_some(),
                end_cursor: page.next,
            },
        }
    }
}

/// The arguments of a connection as the service asks them. A negative number is out of range there.
pub(super) fn request(first: i32, after: Option<String>) -> Request {
    Request {
        after,
        limit: Some(u64::try_from(first).unwrap_or(0)),
    }
}
