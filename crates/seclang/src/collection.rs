//! The variables and collections that rules can inspect.

macro_rules! collections {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// A variable, or a collection of variables.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs)]
        pub enum Collection { $($variant),* }

        impl Collection {
            const ALL: &[(&'static str, Collection)] = &[$(($name, Collection::$variant)),*];

            /// The name in rules.
            pub const fn name(self) -> &'static str {
                match self { $(Collection::$variant => $name),* }
            }
        }
    };
}

collections! {
    Args = "ARGS",
    ArgsCombinedSize = "ARGS_COMBINED_SIZE",
    ArgsGet = "ARGS_GET",
    ArgsGetNames = "ARGS_GET_NAMES",
    ArgsNames = "ARGS_NAMES",
    ArgsPost = "ARGS_POST",
    ArgsPostNames = "ARGS_POST_NAMES",
    AuthType = "AUTH_TYPE",
    Duration = "DURATION",
    Env = "ENV",
    Files = "FILES",
    FilesCombinedSize = "FILES_COMBINED_SIZE",
    FilesNames = "FILES_NAMES",
    FilesSizes = "FILES_SIZES",
    FilesTmpContent = "FILES_TMP_CONTENT",
    FilesTmpNames = "FILES_TMPNAMES",
    FullRequest = "FULL_REQUEST",
    FullRequestLength = "FULL_REQUEST_LENGTH",
    Geo = "GEO",
    Global = "GLOBAL",
    HighestSeverity = "HIGHEST_SEVERITY",
    InboundDataError = "INBOUND_DATA_ERROR",
    Ip = "IP",
    MatchedVar = "MATCHED_VAR",
    MatchedVarName = "MATCHED_VAR_NAME",
    MatchedVars = "MATCHED_VARS",
    MatchedVarsNames = "MATCHED_VARS_NAMES",
    ModsecBuild = "MODSEC_BUILD",
    MultipartBoundaryQuoted = "MULTIPART_BOUNDARY_QUOTED",
    MultipartBoundaryWhitespace = "MULTIPART_BOUNDARY_WHITESPACE",
    MultipartCrlfLfLines = "MULTIPART_CRLF_LF_LINES",
    MultipartDataAfter = "MULTIPART_DATA_AFTER",
    MultipartDataBefore = "MULTIPART_DATA_BEFORE",
    MultipartFileLimitExceeded = "MULTIPART_FILE_LIMIT_EXCEEDED",
    MultipartFilename = "MULTIPART_FILENAME",
    MultipartHeaderFolding = "MULTIPART_HEADER_FOLDING",
    MultipartInvalidHeaderFolding = "MULTIPART_INVALID_HEADER_FOLDING",
    MultipartInvalidPart = "MULTIPART_INVALID_PART",
    MultipartInvalidQuoting = "MULTIPART_INVALID_QUOTING",
    MultipartLfLine = "MULTIPART_LF_LINE",
    MultipartMissingSemicolon = "MULTIPART_MISSING_SEMICOLON",
    MultipartName = "MULTIPART_NAME",
    MultipartPartHeaders = "MULTIPART_PART_HEADERS",
    MultipartStrictError = "MULTIPART_STRICT_ERROR",
    MultipartUnmatchedBoundary = "MULTIPART_UNMATCHED_BOUNDARY",
    OutboundDataError = "OUTBOUND_DATA_ERROR",
    PathInfo = "PATH_INFO",
    QueryString = "QUERY_STRING",
    RemoteAddr = "REMOTE_ADDR",
    RemoteHost = "REMOTE_HOST",
    RemotePort = "REMOTE_PORT",
    RemoteUser = "REMOTE_USER",
    ReqbodyError = "REQBODY_ERROR",
    ReqbodyErrorMsg = "REQBODY_ERROR_MSG",
    ReqbodyProcessor = "REQBODY_PROCESSOR",
    ReqbodyProcessorError = "REQBODY_PROCESSOR_ERROR",
    ReqbodyProcessorErrorMsg = "REQBODY_PROCESSOR_ERROR_MSG",
    RequestBasename = "REQUEST_BASENAME",
    RequestBody = "REQUEST_BODY",
    RequestBodyLength = "REQUEST_BODY_LENGTH",
    RequestCookies = "REQUEST_COOKIES",
    RequestCookiesNames = "REQUEST_COOKIES_NAMES",
    RequestFilename = "REQUEST_FILENAME",
    RequestHeaders = "REQUEST_HEADERS",
    RequestHeadersNames = "REQUEST_HEADERS_NAMES",
    RequestLine = "REQUEST_LINE",
    RequestMethod = "REQUEST_METHOD",
    RequestProtocol = "REQUEST_PROTOCOL",
    RequestUri = "REQUEST_URI",
    RequestUriRaw = "REQUEST_URI_RAW",
    Resource = "RESOURCE",
    ResponseBody = "RESPONSE_BODY",
    ResponseContentLength = "RESPONSE_CONTENT_LENGTH",
    ResponseContentType = "RESPONSE_CONTENT_TYPE",
    ResponseHeaders = "RESPONSE_HEADERS",
    ResponseHeadersNames = "RESPONSE_HEADERS_NAMES",
    ResponseProtocol = "RESPONSE_PROTOCOL",
    ResponseStatus = "RESPONSE_STATUS",
    Rule = "RULE",
    ServerAddr = "SERVER_ADDR",
    ServerName = "SERVER_NAME",
    ServerPort = "SERVER_PORT",
    Session = "SESSION",
    SessionId = "SESSIONID",
    StatusLine = "STATUS_LINE",
    Time = "TIME",
    TimeDay = "TIME_DAY",
    TimeEpoch = "TIME_EPOCH",
    TimeHour = "TIME_HOUR",
    TimeMin = "TIME_MIN",
    TimeMon = "TIME_MON",
    TimeSec = "TIME_SEC",
    TimeWday = "TIME_WDAY",
    TimeYear = "TIME_YEAR",
    Tx = "TX",
    UniqueId = "UNIQUE_ID",
    UrlencodedError = "URLENCODED_ERROR",
    User = "USER",
    UserId = "USERID",
    WebappId = "WEBAPPID",
    Xml = "XML",
}

impl Collection {
    /// Looks up a variable by its name, whatever its case.
    ///
    /// ```
    /// use seclang::Collection;
    ///
    /// assert_eq!(Collection::named("request_headers"), Some(Collection::RequestHeaders));
    /// assert_eq!(Collection::RequestHeaders.name(), "REQUEST_HEADERS");
    /// assert_eq!(Collection::named("ARGZ"), None);
    /// ```
    pub fn named(name: &str) -> Option<Collection> {
        Self::ALL
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, collection)| *collection)
    }
}

/// Receives the name and value of each member.
pub(crate) type Visitor<'v> = &'v mut dyn FnMut(&[u8], &[u8]);
