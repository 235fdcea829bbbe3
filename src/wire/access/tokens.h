#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/sql/database.h"
#include "wire/http/route.h"

namespace eunomia::wire::access {

// A bearer token as it is shown: never its secret.
struct token_record {
  std::string id;  // "tok-7"
  http::role as = http::role::service;
  std::string label;               // what it is for: "shop frontend"
  std::int64_t created_at = 0;     // UTC ms
  std::int64_t expires_at = 0;     // 0: never
  std::int64_t revoked_at = 0;     // 0: not
  std::int64_t last_used_day = 0;  // UTC ms of the day's begin; 0: never
};

// Bearer tokens with roles: eun_<number of the id>_<43 characters of base64url: 256 random bits>. What rests is
// BLAKE2b-256 of those 43 characters: nobody can make a token from the database, and a random secret of that length
// needs no slow hash.
//
// Any thread. Tokens are few and in memory, so that authenticate() never waits for the database; one object for a
// database, because it does not see what another one changes.
class tokens final : public http::authenticator {
 public:
  static constexpr std::size_t max_tokens = 10'000;

  // Brings the schema of this room up to date. The database must outlive this.
  explicit tokens(store::sql::database& database);
  // Writes the days of use that are not yet written.
  ~tokens() override;

  struct created {
    token_record record;
    std::string token;  // shown once
  };
  // What else belongs to the transaction of a change, such as its entry in the audit log; may be called again when the
  // transaction is repeated.
  using also_changed = std::function<void(store::sql::transaction& in, const token_record& changed)>;

  // Label and lifetime as terms.h has them; lifetime_days 0: forever. Removes those that ended keep_ended_days ago.
  // Throws errc::invalid_argument, errc::resource_exhausted.
  created create(http::role as, std::string_view label, std::uint32_t lifetime_days = 0, const also_changed& also = {});
  std::vector<token_record> list() const;  // oldest first
  // Takes effect at the next request; once more changes nothing. Throws errc::not_found; errc::failed_precondition for
  // the last token of an administrator that is good.
  void revoke(std::string_view id, const also_changed& also = {});

  // When there is no token yet, creates an administrator's and writes it to the file, readable by its owner only;
  // returns whether it did. Throws, and there is no token, when the file cannot be written.
  bool create_first(const std::filesystem::path& file, const also_changed& also = {});

  // Authorization: Bearer <token>. Any other Authorization counts as tried.
  outcome authenticate(const http::request& head) const override;
  std::string challenge() const override;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace eunomia::wire::access
