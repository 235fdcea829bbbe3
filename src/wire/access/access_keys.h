#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/seal.h"
#include "store/sql/database.h"
#include "wire/access/access_key.h"
#include "wire/http/message.h"

namespace eunomia::wire::access {

// An access key as it is shown: never its secret.
struct access_key_record {
  std::string id;  // "EUNA" and 16 of A-Z2-7
  http::role as = http::role::service;
  std::string label;            // what it is for: "nightly export"
  std::int64_t created_at = 0;  // UTC ms
  std::int64_t expires_at = 0;  // 0: never
  std::int64_t revoked_at = 0;  // 0: not
};

// Keys for protocols whose requests are signed, each an id that is sent and a secret that is not. Who verifies a
// signature needs the secret itself, so it cannot rest as a hash, as a token does: it rests sealed.
//
// Any thread. Keys are few and in memory, so that find() never waits for the database; one object for a database,
// because it does not see what another one changes.
class access_keys final {
 public:
  static constexpr std::size_t max_access_keys = 10'000;
  static constexpr std::size_t id_characters = 20;
  static constexpr std::size_t secret_characters = 40;  // of A-Z2-7: 200 random bits
  // What vault::key_for is asked for.
  static constexpr std::string_view sealing_key_use = "access keys";

  // Brings the schema up to date. sealing: the same for the life of the database, and not in it. The database must
  // outlive this. Throws errc::corrupt when a secret does not open.
  access_keys(store::sql::database& database, core::secret_key sealing);
  ~access_keys();

  struct created {
    access_key_record record;
    std::string secret;  // shown once
  };
  // As tokens::also_changed.
  using also_changed = std::function<void(store::sql::transaction& in, const access_key_record& changed)>;

  // As tokens::create.
  created create(http::role as, std::string_view label, std::uint32_t lifetime_days = 0, const also_changed& also = {});
  std::vector<access_key_record> list() const;  // oldest first
  // Takes effect at the next request; once more changes nothing. Throws errc::not_found.
  void revoke(std::string_view id, const also_changed& also = {});

  // Null for a key that there is not, or that has expired or is revoked.
  std::shared_ptr<const access_key> find(std::string_view id) const;
  // Those with a label that are good, the newest first, at most so many: for protocols whose requests do not say which
  // key signed them.
  std::vector<std::shared_ptr<const access_key>> labelled(std::string_view label, std::size_t at_most) const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace eunomia::wire::access
