//! PostgreSQL's plans.

use serde_json::Value;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::plan::{GROWING, Plan};

pub(crate) async fn explain(client: &Client, sql: &str) -> Plan {
    let messages = client
        .simple_query(&format!(
            "begin; explain (analyze, format json, timing off, summary off) {sql}; rollback"
        ))
        .await
        .unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    let text: String = messages
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        })
        .collect();
    let explained: Value = serde_json::from_str(&text).expect("a plan in JSON");
    let mut plan = Plan::default();
    walk(&explained[0]["Plan"], None, &mut plan);
    plan
}

/// Gathers the ways of a node and of those below; a bitmap of rows belongs to the table above it.
fn walk(node: &Value, above: Option<&str>, plan: &mut Plan) {
    let table = node["Relation Name"].as_str().or(above);
    let kind = node["Node Type"].as_str().unwrap_or_default();
    if let (Some(table), Some(index)) = (table, node["Index Name"].as_str()) {
        let way = match index.strip_suffix("_pkey") {
            Some(of) if of == table => format!("{table} by key"),
            _ => format!("{table} by {index}"),
        };
        plan.ways.insert(way);
    }
    if let (Some(table), "Seq Scan") = (node["Relation Name"].as_str(), kind)
        && GROWING.contains(&table)
    {
        plan.scans.insert(table.to_owned());
    }
    if kind.ends_with("Scan") && kind != "Bitmap Heap Scan" && kind != "Subquery Scan" {
        let number = |key: &str| node[key].as_f64().unwrap_or_default();
        let rows = number("Actual Rows") + number("Rows Removed by Filter");
        let read = rows * number("Actual Loops");
        plan.work += format!("{read:.0}").parse::<u64>().expect("a whole number");
    }
    for below in node["Plans"].as_array().into_iter().flatten() {
        walk(below, table, plan);
    }
}
