//! Keywords, functions and catalogue tables of the SQL dialects.

use crate::bytes::is_one_of;

/// Words that stand before a noun in a sentence, where SQL has the name of a table.
const DETERMINERS: &[&str] = &[
    "the", "a", "an", "this", "that", "your", "our", "my", "their", "his", "her", "its", "these", "those",
    "each", "all", "any", "every", "some", "one", "here", "there", "where", "which", "scratch", "home",
    "now", "both",
];

/// Keywords that cannot be a name.
const RESERVED: &[&str] = &[
    "select", "from", "where", "union", "and", "or", "not", "order", "group", "by", "having", "limit",
    "into", "values", "set", "like", "in", "is", "between", "join", "on", "as", "case", "when", "then",
    "else", "end",
];

/// Functions that wait, read files, run commands, or carry data out in an error.
const TELLING_FUNCTIONS: &[&str] = &[
    "sleep",
    "benchmark",
    "pg_sleep",
    "pg_sleep_for",
    "extractvalue",
    "updatexml",
    "load_file",
    "xp_cmdshell",
    "xp_dirtree",
    "xp_regread",
    "group_concat",
    "json_keys",
    "randomblob",
    "zeroblob",
    "load_extension",
    "get_host_address",
    "get_host_name",
    "receive_message",
    "ctxsys",
    "xmltype",
    "sys_eval",
    "sys_exec",
    "pg_read_file",
    "pg_ls_dir",
    "lo_import",
    "lo_export",
    "dblink",
    "query_to_xml",
    "database_to_xml",
    "generate_series",
    "openrowset",
    "opendatasource",
    "fn_xe_file_target_read_file",
    "row_count",
    "gtid_subset",
    "geometrycollection",
    "multipoint",
    "polygon",
    "multipolygon",
    "linestring",
    "multilinestring",
    "name_const",
    "procedure_analyse",
    "make_set",
    "elt",
    "ascii",
    "substring",
    "substr",
    "mid",
    "ord",
    "unhex",
    "char_length",
    "concat_ws",
    "current_setting",
    "getpgusername",
    "xmlparse",
    "dbms_lock",
    "user_lock",
    "string_agg",
];

/// Other functions that injected conditions are built from.
const FUNCTIONS: &[&str] = &[
    "if",
    "ifnull",
    "nullif",
    "coalesce",
    "concat",
    "char",
    "chr",
    "hex",
    "cast",
    "convert",
    "length",
    "len",
    "version",
    "user",
    "database",
    "schema",
    "current_user",
    "system_user",
    "session_user",
    "now",
    "sysdate",
    "count",
    "min",
    "max",
    "sum",
    "avg",
    "floor",
    "rand",
    "exp",
    "pow",
    "left",
    "right",
    "upper",
    "lower",
    "trim",
    "replace",
    "reverse",
    "md5",
    "sha1",
    "iif",
    "instr",
    "locate",
    "position",
    "strcmp",
    "exists",
    "isnull",
    "bin",
    "oct",
    "abs",
    "sqrt",
    "rownum",
    "decode",
    "nvl",
    "to_char",
    "rawtohex",
    "db_name",
    "host_name",
    "object_id",
    "quotename",
    "row",
    "typeof",
    "unicode",
    "printf",
    "likelihood",
    "likely",
    "sqlite_version",
    "last_insert_rowid",
    "array_agg",
    "any",
    "all",
    "conv",
    "crc32",
    "space",
    "repeat",
    "lpad",
    "rpad",
    "interval",
    "field",
    "find_in_set",
    "greatest",
    "least",
    "json_extract",
    "json_value",
    "bit_and",
    "bit_or",
    "std",
    "variance",
    "aes_encrypt",
    "compress",
    "uncompress",
    "uuid",
    "connection_id",
    "found_rows",
    "binary",
    "pi",
    "sign",
    "truncate",
    "ceil",
    "round",
    "soundex",
    "stuff",
    "patindex",
    "charindex",
    "suser_name",
    "is_srvrolemember",
    "wm_concat",
    "utl_http",
    "sys_context",
    "bitand",
    "length2",
];

/// Catalogue tables, and procedures that only an intruder calls.
const CATALOGUE: &[&str] = &[
    "information_schema",
    "sysobjects",
    "syscolumns",
    "sysusers",
    "pg_catalog",
    "pg_user",
    "pg_shadow",
    "pg_tables",
    "pg_database",
    "sqlite_master",
    "sqlite_schema",
    "sqlite_temp_master",
    "all_tables",
    "all_users",
    "user_tables",
    "dba_users",
    "dba_tables",
    "v$version",
    "msysobjects",
    "xp_cmdshell",
    "sp_executesql",
    "sp_password",
    "sp_oacreate",
    "sp_makewebtask",
    "sp_configure",
    "master",
    "sysdatabases",
    "mysql",
    "dual",
    "rdb$database",
    "syscat",
    "sysibm",
    "innodb_table_stats",
    "performance_schema",
    "pg_stat_activity",
];

/// Whether a word joins conditions.
pub(super) fn joins(word: &[u8]) -> bool {
    is_one_of(word, &["or", "and", "xor", "div", "mod"])
}

/// Whether a word compares.
pub(super) fn compares(word: &[u8]) -> bool {
    is_one_of(word, &["like", "rlike", "regexp", "glob", "ilike", "similar", "is", "in", "between", "sounds"])
}

pub(super) fn is_determiner(word: &[u8]) -> bool {
    is_one_of(word, DETERMINERS)
}

pub(super) fn is_reserved(word: &[u8]) -> bool {
    is_one_of(word, RESERVED)
}

pub(super) fn is_telling_function(word: &[u8]) -> bool {
    is_one_of(word, TELLING_FUNCTIONS)
}

pub(super) fn is_function(word: &[u8]) -> bool {
    is_telling_function(word) || is_one_of(word, FUNCTIONS)
}

pub(super) fn is_catalogue(word: &[u8]) -> bool {
    is_one_of(word, CATALOGUE)
}
