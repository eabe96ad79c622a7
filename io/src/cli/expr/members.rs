//! `holdfast expr members`: what expressions may use, from the table that the checker reads.

use std::collections::BTreeSet;

use holdfast_core::diagnostic::did_you_mean;
use holdfast_core::expr::members as table;
use serde::Serialize;

use crate::cli::Outcome;
use crate::cli::arguments::Format;

#[derive(Serialize)]
struct Member {
    #[serde(rename = "type")]
    owner: String,
    signature: String,
}

pub(super) fn members(of: Option<&str>, format: Format) -> Result<Outcome, String> {
    let mut members: Vec<Member> =
        table().into_iter().map(|(owner, signature)| Member { owner, signature: signature.to_owned() }).collect();
    members.sort_by(|a, b| (&a.owner, &a.signature).cmp(&(&b.owner, &b.signature)));
    if let Some(wanted) = of {
        let owners: BTreeSet<String> = members.iter().map(|member| member.owner.clone()).collect();
        members.retain(|member| is_meant(&member.owner, wanted));
        if members.is_empty() {
            let hint = did_you_mean(wanted, owners.iter().map(String::as_str));
            let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
            return Err(format!("no type `{wanted}` is supported{hint}"));
        }
    }
    let out = match format {
        Format::Human => human(&members),
        Format::Json => serde_json::to_string_pretty(&members).unwrap_or_default() + "\n",
    };
    Ok(Outcome { out, ..Outcome::default() })
}

// `List` and `System.Collections.Generic.List` mean `List<T>` too.
fn is_meant(owner: &str, wanted: &str) -> bool {
    let bare = |name: &str| name.split('<').next().unwrap_or(name).to_owned();
    let last = wanted.rsplit('.').next().unwrap_or(wanted);
    owner == wanted || owner == last || (!wanted.contains('<') && bare(owner) == last)
}

fn human(members: &[Member]) -> String {
    let width = members.iter().map(|member| member.owner.chars().count()).max().unwrap_or(0);
    members.iter().map(|member| format!("{:width$}  {}\n", member.owner, member.signature)).collect()
}
