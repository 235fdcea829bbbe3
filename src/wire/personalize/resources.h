#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_value.h"
#include "store/sql/database.h"
#include "wire/personalize/arn.h"

// What Personalize's clients made and name by an ARN: one table for all kinds, because AWS treats them alike: they have
// a name, a parent, a status that clients wait for, tags, and are listed in pages. What they do is the domain's, whose
// own names stand in `ours`.
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
  // What its description shows beside these, in AWS's members, most of it as it was asked for.
  core::json_value shown = core::json_value::of_object();
  core::json_value ours = core::json_value::of_object();  // what only we know: the domain's name for it, its job

  bool is_active() const { return status == "ACTIVE"; }
};

inline constexpr std::string_view deletion_in_progress = "DELETE IN_PROGRESS";
inline constexpr std::size_t max_page = 100;
inline constexpr std::size_t max_tags = 50;

struct tag {
  std::string key;
  std::string value;
};

struct resource_page {
  std::vector<resource> items;
  std::string next_token;  // empty: this was the last
};

// Any thread.
class resources {
 public:
  // Brings the schema up to date. The database must outlive it.
  explicit resources(store::sql::database& in);

  // Within the caller's transaction. The times are set. Throws errc::already_exists naming the ARN,
  // errc::failed_precondition where it belongs to what is being deleted.
  static void add(store::sql::transaction& in, resource made);
  // Changes status, reason, shown and ours, and when that was; what is being deleted stays so. Throws errc::not_found.
  static void update(store::sql::transaction& in, const resource& changed);
  // From here on nothing new belongs to it. Throws as remove().
  static void begin_deletion(store::sql::transaction& in, std::string_view arn);
  // With its tags. Throws errc::not_found; errc::failed_precondition while something belongs to it, naming one.
  static void remove(store::sql::transaction& in, std::string_view arn);

  // Those of a kind that belong to it: jobs that ended, which AWS forgets with what they were about. Throws
  // errc::failed_precondition while one of them is under way.
  static void remove_history(store::sql::transaction& in, resource_kind kind, std::string_view parent);

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
  // Those of the same kind and name, whatever they belong to.
  std::optional<resource> find_named(resource_kind kind, std::string_view name) const;

  // Of the same key the last stands. Throw errc::not_found for an ARN that names nothing. add_tags:
  // errc::resource_exhausted beyond max_tags.
  static void add_tags(store::sql::transaction& in, std::string_view arn, std::span<const tag> more);
  static void remove_tags(store::sql::transaction& in, std::string_view arn, std::span<const std::string> keys);
  std::vector<tag> tags_of(std::string_view arn) const;  // by key

  // Those that belong to the parent, in the order in which they were made.
  static std::vector<std::string> arns_of(store::sql::connection& in, resource_kind kind, std::string_view parent);
  // How many there are.
  std::uint64_t count(resource_kind kind, std::string_view parent) const;

 private:
  store::sql::database& sql_;
};

}  // namespace eunomia::wire::personalize
