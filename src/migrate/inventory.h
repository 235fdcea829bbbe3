#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_value.h"
#include "migrate/kinds.h"
#include "wire/aws/client/json_client.h"

namespace eunomia::migrate {

struct tag {
  std::string key;
  std::string value;
  friend auto operator<=>(const tag&, const tag&) = default;
};

// One thing that a side has.
struct thing {
  kind is = kind::schema;
  std::string arn;
  std::string name;
  std::string group;           // the name of the dataset group it belongs to; of a schema and a group: empty
  core::json_value described;  // as Describe answers; of a metric attribution with its metrics
  std::vector<tag> tags;       // by key

  std::string status() const;
  // "INTERACTIONS"; of a dataset.
  std::string dataset_type() const;
  // What makes it the same thing on both sides: "solution:sims", "dataset:shop/INTERACTIONS". Names are unique among
  // those of a kind; a group has one tracker.
  std::string identity() const;
};

// What one side has, in the order in which it is made.
class inventory {
 public:
  // Throws errc::invalid_argument for a second thing of the same identity.
  void add(thing one);

  const std::vector<thing>& things() const { return things_; }
  // Null when there is none.
  const thing* find(const std::string& identity) const;
  const thing* find_arn(std::string_view arn) const;

 private:
  std::vector<thing> things_;
  std::map<std::string, std::size_t> by_identity_;
  std::map<std::string, std::size_t, std::less<>> by_arn_;
};

// Which dataset groups are meant: all when empty. Schemas are those that their datasets use, or all.
using group_names = std::vector<std::string>;

// Asks a service for everything it has. found: told how many things are known so far. Throws as json_client does, and
// errc::not_found for a group that is named and not there.
inventory read_inventory(wire::aws::json_client& from, const group_names& only,
                         const std::function<void(std::uint64_t)>& found);

// The ARN of the solution of a version, "arn:…:solution/sims/1f2e3d4c" or "arn:…:solution/sims/$LATEST".
std::string solution_arn_of(std::string_view version_arn);

}  // namespace eunomia::migrate
