#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace eunomia::migrate {

// What became of one thing, or of the rows of one dataset.
enum class outcome {
  created,    // it was not here, and is now
  matched,    // it was here, and equal
  different,  // it is here, and differs: it stays as it is
  skipped,    // it was left out: what it needs is not here, or was not asked for
  failed      // it could not be made
};
BOOST_DESCRIBE_ENUM(outcome, created, matched, different, skipped, failed)

struct resource_result {
  std::string kind;  // "solution"
  std::string name;
  std::string group;  // of a schema empty
  outcome became = outcome::created;
  std::string arn;      // here; empty: it is not here
  std::string details;  // what differs, why it failed and what to do; of a tracker its tracking id here
};
BOOST_DESCRIBE_STRUCT(resource_result, (), (kind, name, group, became, arn, details))

struct data_result {
  std::string group;
  std::string type;  // "INTERACTIONS"
  outcome became = outcome::created;
  std::uint64_t source_rows = 0;               // when they were copied; of items, actions and users each once
  std::uint64_t rows_here = 0;                 // now
  std::optional<std::uint64_t> people_linked;  // with pseudonyms: whose raw identifier is in the vault now
  std::string details;
};
BOOST_DESCRIBE_STRUCT(data_result, (), (group, type, became, source_rows, rows_here, people_linked, details))

struct migration_report {
  std::string source;
  std::vector<resource_result> resources;
  std::vector<data_result> data;
  std::map<std::string, std::uint64_t> counts;  // by outcome, of both
};
BOOST_DESCRIBE_STRUCT(migration_report, (), (source, resources, data, counts))

}  // namespace eunomia::migrate
