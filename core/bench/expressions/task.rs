//! What is measured: five tasks as policies have them, each in the language of every engine, and the context that they run in.

use serde_json::{Value as Json, json};

/// A task in three languages.
pub struct Task {
    /// Its name in the report.
    pub name: &'static str,
    /// A policy expression.
    pub expression: &'static str,
    /// The body of a JavaScript function.
    pub script: &'static str,
    /// Rhai.
    pub rhai: &'static str,
    /// What all of them give.
    pub result: &'static str,
}

/// The tasks, cheapest first.
pub const TASKS: [Task; 5] = [
    Task {
        name: "header with default",
        expression: r#"@(context.Request.Headers.GetValueOrDefault("X-Number", "none"))"#,
        script: r#"return context.Request.Headers["x-number"] ?? "none";"#,
        rhai: r#"context.Request.Headers["x-number"] ?? "none""#,
        result: "4711",
    },
    Task {
        name: "condition of two comparisons",
        expression: r#"@(context.Request.Method == "POST" && context.Variables.GetValueOrDefault<string>("tier") == "gold")"#,
        script: r#"return context.Request.Method === "POST" && context.Variables.tier === "gold";"#,
        rhai: r#"context.Request.Method == "POST" && context.Variables.tier == "gold""#,
        result: "true",
    },
    Task {
        name: "JObject of 1 KiB, one path",
        expression: r#"@((string)context.Request.Body.As<JObject>(preserveContent: true).SelectToken("order.customer.city"))"#,
        script: "return JSON.parse(context.Request.Body).order.customer.city;",
        rhai: "parse_json(context.Request.Body).order.customer.city",
        result: "Lyon",
    },
    Task {
        name: "Base64 of HMAC-SHA256 of 1 KiB",
        expression: r#"@(Convert.ToBase64String(new HMACSHA256(Encoding.UTF8.GetBytes("a key of an account")).ComputeHash(Encoding.UTF8.GetBytes((string)context.Variables["payload"]))))"#,
        script: r#"return base64(hmacSha256("a key of an account", context.Variables.payload));"#,
        rhai: r#"base64(hmac_sha256("a key of an account", context.Variables.payload))"#,
        result: "",
    },
    Task {
        name: "block of 30 lines, foreach and Split",
        expression: BLOCK,
        script: BLOCK_SCRIPT,
        rhai: BLOCK_RHAI,
        result: "orders/read,orders/write;3 of 5;west",
    },
];

const BLOCK: &str = r#"@{
    var scopes = context.Variables.GetValueOrDefault<string>("scopes", "");
    var tenant = context.Request.Headers.GetValueOrDefault("X-Tenant", "none");
    if (string.IsNullOrEmpty(scopes))
    {
        return "none";
    }
    var granted = "";
    var count = 0;
    var all = 0;
    foreach (var scope in scopes.Split(' '))
    {
        all++;
        if (scope.StartsWith("admin"))
        {
            continue;
        }
        count++;
        if (scope.Contains("orders"))
        {
            granted = granted == "" ? scope : granted + "," + scope;
        }
    }
    var region = "east";
    if (tenant.EndsWith("-fr") || tenant.EndsWith("-es"))
    {
        region = "west";
    }
    var summary = granted + ";" + count + " of " + all + ";" + region;
    return summary;
}"#;

const BLOCK_SCRIPT: &str = r#"
    const scopes = context.Variables.scopes ?? "";
    const tenant = context.Request.Headers["x-tenant"] ?? "none";
    if (scopes === "")
    {
        return "none";
    }
    let granted = "";
    let count = 0;
    let all = 0;
    for (const scope of scopes.split(" "))
    {
        all++;
        if (scope.startsWith("admin"))
        {
            continue;
        }
        count++;
        if (scope.includes("orders"))
        {
            granted = granted === "" ? scope : granted + "," + scope;
        }
    }
    let region = "east";
    if (tenant.endsWith("-fr") || tenant.endsWith("-es"))
    {
        region = "west";
    }
    const summary = granted + ";" + count + " of " + all + ";" + region;
    return summary;
"#;

const BLOCK_RHAI: &str = r#"
    let scopes = context.Variables.scopes ?? "";
    let tenant = context.Request.Headers["x-tenant"] ?? "none";
    if scopes == ""
    {
        return "none";
    }
    let granted = "";
    let count = 0;
    let all = 0;
    for scope in scopes.split(" ")
    {
        all += 1;
        if scope.starts_with("admin")
        {
            continue;
        }
        count += 1;
        if scope.contains("orders")
        {
            granted = if granted == "" { scope } else { granted + "," + scope };
        }
    }
    let region = "east";
    if tenant.ends_with("-fr") || tenant.ends_with("-es")
    {
        region = "west";
    }
    let summary = granted + ";" + count + " of " + all + ";" + region;
    summary
"#;

/// The exchange that expressions see. The peers get the same names as an object that is made once, which no gateway could do: the
/// comparison favours them.
pub fn context() -> Json {
    json!({
        "requestId": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "timestamp": "2024-03-05T09:07:08Z",
        "seed": 1,
        "api": { "id": "orders", "name": "Orders", "path": "orders" },
        "request": {
            "method": "POST",
            "url": "https://api.example.org/orders/17?expand=lines",
            "headers": {
                "host": "api.example.org",
                "user-agent": "orders-client/3.2",
                "accept": "application/json",
                "accept-encoding": "gzip",
                "content-type": "application/json",
                "content-length": "1024",
                "x-forwarded-for": "198.51.100.7",
                "x-tenant": "shop-fr",
                "x-number": "4711",
                "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            },
            "body": body(),
        },
        "variables": {
            "tier": "gold",
            "scopes": "orders/read orders/write admin/all stock/read admin/keys",
            "payload": payload(),
        },
    })
}

/// 1 KiB of text.
pub fn payload() -> String {
    "GET\n/orders/17\nhost:api.example.org\nx-date:20240305T090708Z\n".chars().cycle().take(1024).collect()
}

/// 1 KiB of JSON.
pub fn body() -> String {
    let line = |number: u32| json!({ "number": number, "article": format!("A-{}", 1000 + number), "count": number % 4 + 1, "price": 19.95, "gift": number % 2 == 0 });
    let lines: Vec<Json> = (1..=11).map(line).collect();
    let order = json!({
        "order": {
            "id": "0f8fad5b-d9cb-469f-a165-70867728950e",
            "placed": "in the shop",
            "customer": { "name": "Camille Ferrand", "street": "12 rue du Lac", "city": "Lyon", "vip": true, "phone": null },
            "lines": lines,
            "total": 438.9,
        }
    });
    order.to_string()
}
