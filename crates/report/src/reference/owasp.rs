//! The OWASP API Security Top 10, 2023.

/// A risk of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OwaspApi {
    /// API1:2023.
    BrokenObjectLevelAuthorization,
    /// API2:2023.
    BrokenAuthentication,
    /// API3:2023.
    BrokenObjectPropertyLevelAuthorization,
    /// API4:2023.
    UnrestrictedResourceConsumption,
    /// API5:2023.
    BrokenFunctionLevelAuthorization,
    /// API6:2023.
    UnrestrictedAccessToSensitiveBusinessFlows,
    /// API7:2023.
    ServerSideRequestForgery,
    /// API8:2023.
    SecurityMisconfiguration,
    /// API9:2023.
    ImproperInventoryManagement,
    /// API10:2023.
    UnsafeConsumptionOfApis,
}

impl OwaspApi {
    /// All of them, in the order of the list.
    pub const ALL: [OwaspApi; 10] = [
        OwaspApi::BrokenObjectLevelAuthorization,
        OwaspApi::BrokenAuthentication,
        OwaspApi::BrokenObjectPropertyLevelAuthorization,
        OwaspApi::UnrestrictedResourceConsumption,
        OwaspApi::BrokenFunctionLevelAuthorization,
        OwaspApi::UnrestrictedAccessToSensitiveBusinessFlows,
        OwaspApi::ServerSideRequestForgery,
        OwaspApi::SecurityMisconfiguration,
        OwaspApi::ImproperInventoryManagement,
        OwaspApi::UnsafeConsumptionOfApis,
    ];

    /// `API1:2023` and so on.
    pub const fn id(self) -> &'static str {
        self.row().0
    }

    /// Its title.
    pub const fn title(self) -> &'static str {
        self.row().1
    }

    /// Its page.
    pub fn url(self) -> String {
        format!("https://owasp.org/API-Security/editions/2023/en/{}/", self.row().2)
    }

    /// The risk of an id.
    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|risk| risk.id().eq_ignore_ascii_case(id))
    }

    const fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            OwaspApi::BrokenObjectLevelAuthorization => {
                ("API1:2023", "Broken Object Level Authorization", "0xa1-broken-object-level-authorization")
            }
            OwaspApi::BrokenAuthentication => {
                ("API2:2023", "Broken Authentication", "0xa2-broken-authentication")
            }
            OwaspApi::BrokenObjectPropertyLevelAuthorization => (
                "API3:2023",
                "Broken Object Property Level Authorization",
                "0xa3-broken-object-property-level-authorization",
            ),
            OwaspApi::UnrestrictedResourceConsumption => {
                ("API4:2023", "Unrestricted Resource Consumption", "0xa4-unrestricted-resource-consumption")
            }
            OwaspApi::BrokenFunctionLevelAuthorization => (
                "API5:2023",
                "Broken Function Level Authorization",
                "0xa5-broken-function-level-authorization",
            ),
            OwaspApi::UnrestrictedAccessToSensitiveBusinessFlows => (
                "API6:2023",
                "Unrestricted Access to Sensitive Business Flows",
                "0xa6-unrestricted-access-to-sensitive-business-flows",
            ),
            OwaspApi::ServerSideRequestForgery => {
                ("API7:2023", "Server Side Request Forgery", "0xa7-server-side-request-forgery")
            }
            OwaspApi::SecurityMisconfiguration => {
                ("API8:2023", "Security Misconfiguration", "0xa8-security-misconfiguration")
            }
            OwaspApi::ImproperInventoryManagement => {
                ("API9:2023", "Improper Inventory Management", "0xa9-improper-inventory-management")
            }
            OwaspApi::UnsafeConsumptionOfApis => {
                ("API10:2023", "Unsafe Consumption of APIs", "0xaa-unsafe-consumption-of-apis")
            }
        }
    }
}
