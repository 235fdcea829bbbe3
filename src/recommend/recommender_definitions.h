#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "recommend/selection.h"
#include "store/sql/database.h"

// What recommenders are to be: the table "recommender", a function for each thing that happens to a row of it, within
// the caller's transaction.
namespace eunomia::recommend {

// When a recommender is trained anew by itself: after so many hours, or so many new interactions, whichever is first.
struct retraining_policy {
  double every_hours = 0;          // 0: never for its age
  std::uint64_t after_events = 0;  // 0: never for their number
  friend bool operator==(const retraining_policy&, const retraining_policy&) = default;
};

inline constexpr std::uint32_t max_kept_versions = 20;

// A recommender as somebody asked for it: what it learns from and how. Its trained versions are in the model registry,
// under its name.
struct recommender_record {
  std::string name;  // 1 to 64 of a-z, 0-9, '_' and '-'
  std::string dataset;
  candidate what{"auto", "{}"};
  retraining_policy when = {};
  std::uint32_t keep_versions = 2;  // 1 to max_kept_versions; those that serve or are deployed stay beside them
  bool serve_newest = true;         // else a newly trained version answers once it is served or deployed
  std::int64_t created_at = 0;      // UTC ms
  std::int64_t failed_at = 0;       // of the newest training when that failed, UTC ms; 0: it did not
  std::string failure;              // why
};

// Completes the parameters with their defaults. Throws errc::invalid_argument for a name, a family, parameters or a
// policy that cannot be.
void check_definition(recommender_record& wanted);

// Throws errc::already_exists.
void insert_definition(store::sql::transaction& in, const recommender_record& record);
// What it learns, when, how many versions stay, and whether the newest serves. Throws errc::not_found,
// errc::failed_precondition for another dataset. Returns the record as it is now.
recommender_record update_definition(store::sql::transaction& in, const recommender_record& wanted);
void delete_definition(store::sql::transaction& in, std::string_view name);
// Of the newest training; why empty: it succeeded.
void keep_training_failure(store::sql::transaction& in, std::string_view name, std::string_view why);

// Throws errc::not_found with the names there are.
recommender_record find_definition(store::sql::connection& in, std::string_view name);
// By name.
std::vector<recommender_record> list_definitions(store::sql::connection& in);

}  // namespace eunomia::recommend
