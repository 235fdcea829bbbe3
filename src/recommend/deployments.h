#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/sql/database.h"

// Versions of a recommender that answer under names of their own, beside the one that serves: the table
// "recommender_deployment", a function for each thing that happens to a row of it, within the caller's transaction.
namespace eunomia::recommend {

inline constexpr std::size_t max_deployments = 32;             // of one recommender: each version is held in memory
inline constexpr std::size_t max_deployment_name_length = 63;  // characters

struct deployment_record {
  std::string recommender;
  std::string name;  // unique within the recommender: 1 to max_deployment_name_length of a-z, A-Z, 0-9, '_' and '-'
  std::int64_t version = 0;
  std::int64_t created_at = 0;  // UTC ms
  std::int64_t updated_at = 0;  // UTC ms, when it came to the version
};

// Throws errc::invalid_argument, naming the limit.
void check_deployment_name(std::string_view name);

// Makes the deployment, or moves it to the version, of which the caller knows that it is kept. Throws
// errc::resource_exhausted beyond max_deployments.
deployment_record put_deployment(store::sql::transaction& in, std::string_view recommender, std::string_view name,
                                 std::int64_t version);
// Throws errc::not_found with the names there are.
void delete_deployment(store::sql::transaction& in, std::string_view recommender, std::string_view name);
void delete_deployments(store::sql::transaction& in, std::string_view recommender);

// By name.
std::vector<deployment_record> deployments_of(store::sql::connection& in, std::string_view recommender);
// Throws errc::not_found with the names there are.
deployment_record find_deployment(store::sql::connection& in, std::string_view recommender, std::string_view name);
// By recommender and name.
std::vector<deployment_record> all_deployments(store::sql::connection& in);

// A step of model_registry_migrations().
inline constexpr std::string_view deployment_table = R"(
CREATE TABLE recommender_deployment (
  recommender {text} NOT NULL,
  name {text} NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (recommender, name)
))";

}  // namespace eunomia::recommend
