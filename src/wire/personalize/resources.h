#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/sql/database.h"
#include "wire/personalize/arn.h"

// What Personalize's clients made and name by an ARN: one table for all kinds, because AWS treats them alike: they have
// a name, a parent, a status that clients wait for, and are listed in pages. What they do is the domain's, whose own
// name for it stands in `details` with what was asked for.
namespace eunomia::wire::personalize {

struct resource {
  std::string arn;
  resource_kind kind = resource_kind::schema;
  std::string name;    // as the client chose it; may be empty where AWS gives none (a solution's version)
  std::string parent;  // the ARN of what it belongs to: the dataset group of a solution; empty: none
  std::string status;  // "CREATE IN_PROGRESS"
  std::string failure_reason;
  std::int64_t created_at = 0;  // UTC ms
  std::int64_t updated_at = 0;
  std::string details = "{}";  // JSON of its kind

  bool is_active() const { return status == "ACTIVE"; }
};

inline constexpr std::size_t max_page = 100;

struct resource_page {
  std::vector<resource> items;
  std::string next_token;  // empty: this was the last
};

// Any thread.
class resources {
 public:
  // Brings the schema up to date. The database must outlive it.
  explicit resources(store::sql::database& in);

  // Within the caller's transaction. The times are set. Throws errc::already_exists naming the ARN.
  static void add(store::sql::transaction& in, resource made);
  // Changes status, reason and details, and when that was. Throws errc::not_found.
  static void update(store::sql::transaction& in, const resource& changed);
  // Throws errc::not_found; errc::failed_precondition while something belongs to it, naming one.
  static void remove(store::sql::transaction& in, std::string_view arn);

  // Throws errc::not_found for an ARN that names nothing, errc::invalid_argument for one of another kind.
  resource find(resource_kind kind, std::string_view arn) const;
  static resource find(store::sql::connection& in, resource_kind kind, std::string_view arn);
  std::optional<resource> find_if_there(std::string_view arn) const;

  // In the order in which they were made. parent: those that belong to it; nothing: all. count: 1 to max_page. token:
  // the next_token of the page before, or empty; errc::invalid_argument with what begins "token" for another text.
  resource_page list(resource_kind kind, const std::optional<std::string>& parent, std::size_t count,
                     std::string_view token) const;
  // Of every kind whose status is one of these: work that a restart interrupted.
  std::vector<resource> with_status(resource_kind kind, std::span<const std::string_view> statuses) const;
  // How many there are that belong to the parent.
  std::uint64_t count(resource_kind kind, std::string_view parent) const;

 private:
  store::sql::database& sql_;
};

}  // namespace eunomia::wire::personalize
