//! The table of all policy elements: where each may stand, and whether it is built. The compiler uses this table and no other.

use crate::policy::access::{client_certificate, token};
use crate::policy::compile::Compiler;
use crate::policy::dialect::Element;
use crate::policy::place::{Scopes, Sections};
use crate::policy::reader::Reader;
use crate::policy::shape::Shape;
use crate::policy::{
    Built, access, authentication, caching, concurrency, content, control, convert, cors, cross_domain, dapr, eventhub,
    graphql, integration, invoke, limit, llm, metric, mock, proxy, response, routing, servicebus, transform, validate,
    xslt,
};

/// A policy element.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Where it may stand.
    pub sections: Sections,
    /// In documents of which scopes.
    pub scopes: Scopes,
    /// How often it may stand in one section.
    pub occurs: Occurs,
    /// Whether it works.
    pub status: Status,
}

/// How often an element may stand directly in one section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurs {
    /// As often as one likes.
    Repeatedly,
    /// Once.
    OncePerSection,
}

/// Whether an element works.
#[derive(Clone, Copy, Debug)]
pub enum Status {
    /// It does.
    Built {
        /// What it may hold.
        shape: &'static Shape,
        /// How it is compiled.
        build: Build,
    },
    /// It cannot be had here.
    Refused {
        /// Why, in words.
        why: &'static str,
    },
}

/// How an element is compiled.
#[derive(Clone, Copy, Debug)]
pub enum Build {
    /// To one policy.
    Leaf(fn(&mut Reader<'_, '_, '_>) -> Option<Built>),
    /// To one policy that asks for an effect and takes the answer.
    Asking(fn(&mut Reader<'_, '_, '_>) -> Option<Built>),
    /// To ops of its own.
    Structure(fn(&mut Compiler<'_>, &Element)),
}

/// The entry of an element.
#[must_use]
pub fn find(name: &str) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| entry.name == name)
}

/// All elements, in the order of the policy reference.
#[must_use]
pub fn entries() -> &'static [Entry] {
    TABLE
}

/// All names.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|entry| entry.name)
}

/// The name as the table has it; empty for what is not in it.
#[must_use]
pub fn static_name(name: &str) -> &'static str {
    let parts = ["when", "otherwise", "set-url"];
    find(name).map(|entry| entry.name).or_else(|| parts.into_iter().find(|part| *part == name)).unwrap_or("")
}

const fn leaf(
    name: &'static str,
    sections: &str,
    shape: &'static Shape,
    build: fn(&mut Reader<'_, '_, '_>) -> Option<Built>,
) -> Entry {
    built(name, sections, shape, Build::Leaf(build))
}

const fn built(name: &'static str, sections: &str, shape: &'static Shape, build: Build) -> Entry {
    Entry {
        name,
        sections: Sections::of(sections),
        scopes: Scopes::ALL,
        occurs: Occurs::Repeatedly,
        status: Status::Built { shape, build },
    }
}

const fn semantic_lookup(name: &'static str) -> Entry {
    built(name, "I", &llm::semantic::SEMANTIC_CACHE_LOOKUP, Build::Asking(llm::semantic::build_lookup)).once()
}

const fn semantic_store(name: &'static str) -> Entry {
    leaf(name, "O", &llm::semantic::SEMANTIC_CACHE_STORE, llm::semantic::build_store).once()
}

const fn refused(name: &'static str, why: &'static str) -> Entry {
    let status = Status::Refused { why };
    Entry { name, sections: Sections::ALL, scopes: Scopes::ALL, occurs: Occurs::Repeatedly, status }
}

impl Entry {
    /// The same, but only in documents of these scopes (`G`, `P`, `A`, `O`).
    #[must_use]
    pub const fn in_scopes(self, letters: &str) -> Self {
        Self { scopes: Scopes::of(letters), ..self }
    }

    /// The same, but once in a section.
    #[must_use]
    pub const fn once(self) -> Self {
        Self { occurs: Occurs::OncePerSection, ..self }
    }
}

/// All elements, in the order of the policy reference.
static TABLE: &[Entry] = &[
    // structure and control flow
    built("base", "IBOE", &control::BASE, Build::Structure(control::build_base)),
    built("choose", "IBOE", &control::CHOOSE, Build::Structure(control::build_choose)),
    built("include-fragment", "IBOE", &control::INCLUDE_FRAGMENT, Build::Structure(control::build_include_fragment)),
    built("retry", "IBOE", &control::RETRY, Build::Structure(control::build_retry)),
    built("wait", "IBOE", &concurrency::WAIT, Build::Structure(concurrency::build_wait)),
    // rate limits and quotas
    leaf("rate-limit", "I", &limit::RATE_LIMIT, limit::build_rate_limit).in_scopes("PAO").once(),
    leaf("rate-limit-by-key", "I", &limit::RATE_LIMIT_BY_KEY, limit::build_rate_limit_by_key),
    leaf("quota", "I", &limit::quota::QUOTA, limit::quota::build_quota).in_scopes("P").once(),
    leaf("quota-by-key", "I", &limit::quota::QUOTA_BY_KEY, limit::quota::build_quota_by_key),
    built(
        "limit-concurrency",
        "IBOE",
        &concurrency::LIMIT_CONCURRENCY,
        Build::Structure(concurrency::build_limit_concurrency),
    ),
    leaf("azure-openai-token-limit", "I", &llm::limit::TOKEN_LIMIT, llm::limit::build_token_limit),
    leaf("llm-token-limit", "I", &llm::limit::TOKEN_LIMIT, llm::limit::build_token_limit),
    // access
    leaf("check-header", "I", &access::CHECK_HEADER, access::build_check_header),
    leaf("ip-filter", "I", &access::IP_FILTER, access::build_ip_filter),
    built("validate-jwt", "I", &token::VALIDATE_JWT, Build::Asking(token::build_validate_jwt)),
    built(
        "validate-azure-ad-token",
        "I",
        &token::VALIDATE_AZURE_AD_TOKEN,
        Build::Asking(token::build_validate_azure_ad_token),
    ),
    built(
        "validate-client-certificate",
        "I",
        &client_certificate::VALIDATE_CLIENT_CERTIFICATE,
        Build::Asking(client_certificate::build_validate_client_certificate),
    ),
    leaf("authentication-basic", "I", &integration::AUTHENTICATION_BASIC, integration::build_authentication_basic),
    leaf(
        "authentication-certificate",
        "I",
        &authentication::certificate::AUTHENTICATION_CERTIFICATE,
        authentication::certificate::build_authentication_certificate,
    ),
    built(
        "authentication-managed-identity",
        "I",
        &authentication::managed_identity::AUTHENTICATION_MANAGED_IDENTITY,
        Build::Asking(authentication::managed_identity::build_managed_identity),
    ),
    built(
        "get-authorization-context",
        "IBO",
        &authentication::authorization_context::GET_AUTHORIZATION_CONTEXT,
        Build::Asking(authentication::authorization_context::build_get_authorization_context),
    ),
    // content validation
    leaf("validate-content", "IOE", &validate::VALIDATE_CONTENT, validate::build_validate_content),
    leaf("validate-parameters", "I", &validate::VALIDATE_PARAMETERS, validate::build_validate_parameters).once(),
    leaf("validate-headers", "OE", &validate::VALIDATE_HEADERS, validate::build_validate_headers).once(),
    leaf("validate-status-code", "OE", &validate::VALIDATE_STATUS_CODE, validate::build_validate_status_code),
    leaf("validate-odata-request", "I", &validate::VALIDATE_ODATA_REQUEST, validate::build_validate_odata_request)
        .in_scopes("GPA")
        .once(),
    leaf("validate-graphql-request", "I", &graphql::VALIDATE_GRAPHQL_REQUEST, graphql::build_validate_graphql_request)
        .in_scopes("GPA")
        .once(),
    built(
        "llm-content-safety",
        "IO",
        &llm::safety::LLM_CONTENT_SAFETY,
        Build::Asking(llm::safety::build_content_safety),
    )
    .in_scopes("GPA"),
    // routing
    built("forward-request", "B", &routing::FORWARD_REQUEST, Build::Asking(routing::build_forward_request)),
    leaf("set-backend-service", "IB", &routing::SET_BACKEND_SERVICE, routing::build_set_backend_service),
    leaf("proxy", "I", &proxy::PROXY, proxy::build_proxy),
    // caching
    built("cache-lookup", "I", &caching::response::CACHE_LOOKUP, Build::Asking(caching::response::build_cache_lookup))
        .once(),
    built("cache-store", "O", &caching::response::CACHE_STORE, Build::Asking(caching::response::build_cache_store))
        .once(),
    built("cache-lookup-value", "IBOE", &caching::CACHE_LOOKUP_VALUE, Build::Asking(caching::build_cache_lookup_value)),
    built("cache-store-value", "IBOE", &caching::CACHE_STORE_VALUE, Build::Asking(caching::build_cache_store_value)),
    built("cache-remove-value", "IBOE", &caching::CACHE_REMOVE_VALUE, Build::Asking(caching::build_cache_remove_value)),
    built("cache-value", "IBOE", &caching::made::CACHE_VALUE, Build::Structure(caching::made::build_cache_value)),
    semantic_lookup("azure-openai-semantic-cache-lookup"),
    semantic_store("azure-openai-semantic-cache-store"),
    semantic_lookup("llm-semantic-cache-lookup"),
    semantic_store("llm-semantic-cache-store"),
    // transformation
    leaf("set-method", "IBOE", &transform::SET_METHOD, transform::build_set_method),
    leaf("set-status", "IBOE", &transform::SET_STATUS, transform::build_set_status),
    leaf("set-variable", "IBOE", &transform::SET_VARIABLE, transform::build_set_variable),
    leaf("set-body", "IBOE", &transform::SET_BODY, transform::build_set_body),
    leaf("set-header", "IBOE", &transform::SET_HEADER, transform::build_set_header),
    leaf("set-query-parameter", "IB", &transform::SET_QUERY_PARAMETER, transform::build_set_query_parameter),
    leaf("rewrite-uri", "I", &routing::REWRITE_URI, routing::build_rewrite_uri),
    leaf("json-to-xml", "IBOE", &convert::JSON_TO_XML, convert::build_json_to_xml),
    leaf("xml-to-json", "IBOE", &convert::XML_TO_JSON, convert::build_xml_to_json),
    leaf("find-and-replace", "IBOE", &content::FIND_AND_REPLACE, content::build_find_and_replace),
    leaf("redirect-content-urls", "IO", &content::REDIRECT_CONTENT_URLS, content::build_redirect_content_urls).once(),
    leaf("xsl-transform", "IOE", &xslt::XSL_TRANSFORM, xslt::build_xsl_transform),
    built("return-response", "IBOE", &response::RETURN_RESPONSE, Build::Structure(response::build_return_response)),
    leaf("mock-response", "IOE", &mock::MOCK_RESPONSE, mock::build_mock_response),
    // cross-domain
    leaf("cors", "I", &cors::CORS, cors::build_cors).once(),
    leaf("cross-domain", "I", &cross_domain::CROSS_DOMAIN, cross_domain::build_cross_domain).in_scopes("G"),
    leaf("jsonp", "O", &content::JSONP, content::build_jsonp).once(),
    // integration and logging
    built("send-request", "IBOE", &integration::SEND_REQUEST, Build::Structure(integration::build_send_request)),
    built(
        "send-one-way-request",
        "IBOE",
        &integration::SEND_ONE_WAY_REQUEST,
        Build::Structure(integration::build_send_one_way_request),
    ),
    built("log-to-eventhub", "IBOE", &eventhub::LOG_TO_EVENTHUB, Build::Asking(eventhub::build_log_to_eventhub)),
    built(
        "send-service-bus-message",
        "IOE",
        &servicebus::SEND_SERVICE_BUS_MESSAGE,
        Build::Asking(servicebus::build_send_service_bus_message),
    ),
    built("publish-to-dapr", "IOE", &dapr::PUBLISH_TO_DAPR, Build::Asking(dapr::build_publish_to_dapr)),
    built("invoke-dapr-binding", "IOE", &dapr::INVOKE_DAPR_BINDING, Build::Asking(dapr::build_invoke_dapr_binding)),
    built("invoke-request", "IBOE", &invoke::INVOKE_REQUEST, Build::Asking(invoke::build_invoke_request)),
    leaf("trace", "IBOE", &integration::TRACE, integration::build_trace),
    leaf("emit-metric", "IBOE", &metric::EMIT_METRIC, metric::build_emit_metric),
    leaf("azure-openai-emit-token-metric", "I", &llm::metric::EMIT_TOKEN_METRIC, llm::metric::build_emit_token_metric),
    leaf("llm-emit-token-metric", "I", &llm::metric::EMIT_TOKEN_METRIC, llm::metric::build_emit_token_metric),
    // GraphQL resolvers
    built(
        "http-data-source",
        "B",
        &graphql::source::HTTP_DATA_SOURCE,
        Build::Structure(graphql::source::build_http_data_source),
    )
    .in_scopes("R")
    .once(),
    refused("sql-data-source", "this gateway speaks HTTP with data sources, and no database's protocol"),
    built(
        "cosmosdb-data-source",
        "B",
        &graphql::cosmos::COSMOSDB_DATA_SOURCE,
        Build::Structure(graphql::cosmos::build_cosmosdb_data_source),
    )
    .in_scopes("R")
    .once(),
    leaf("publish-event", "B", &graphql::publish::PUBLISH_EVENT, graphql::publish::build_publish_event).in_scopes("R"),
];
