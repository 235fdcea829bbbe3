#include "wire/access/custodian.h"

namespace eunomia::wire::access {

std::unique_ptr<subject::custodian> make_custodian() {
  using subject::data_about;
  using subject::store_kind;
  return subject::make_custodian(
      "access",
      {{store_kind::sql_table,
        "access_token",
        data_about::operators,
        "Tokens: a hash of the secret, the role, a label of the administrator's choice, the day of the last use.",
        {"credentials"},
        {},
        "until 90 days after they expired or were revoked, and somebody makes another",
        "the label can name an office instead"},
       {store_kind::sql_table,
        "access_key",
        data_about::operators,
        "Access keys: the secret, sealed with a key of the vault, the role, a label of the administrator's choice.",
        {"credentials"},
        {},
        "until 90 days after they expired or were revoked, when the next is made",
        "the label can name an office instead"},
       {store_kind::file,
        "administrator.token",
        data_about::operators,
        "The first token, readable by the owner of the file only.",
        {"credentials"},
        {},
        "until it is removed",
        "the file can be removed once another token exists"},
       {store_kind::memory,
        "failed attempts",
        data_about::operators,
        "Addresses from which wrong tokens came.",
        {"addresses"},
        {},
        "a minute after the last",
        "it passes"}});
}

}  // namespace eunomia::wire::access
