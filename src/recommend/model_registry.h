#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "recommend/model.h"
#include "store/blob/blob_store.h"
#include "store/sql/database.h"

namespace eunomia::recommend {

// A trained model as the registry knows it.
struct model_record {
  std::string name;
  std::string dataset;
  std::string family;
  std::string parameters;       // JSON
  std::int64_t version = 0;     // 1, 2, 3, … each time it is trained anew
  std::int64_t trained_at = 0;  // UTC ms
  std::uint64_t people = 0;     // it learned from
  std::uint64_t pairs = 0;
  std::string metrics;  // JSON of the evaluation it was chosen by; "{}" when there was none
  store::blob_ref file;
};

// The trained models of a data directory: a row each in SQL, a file each in the blob store. The row is the truth: a
// file that no row names is left from a crash and swept on opening. Names are 1 to 64 of a-z, 0-9, '_' and '-'.
class model_registry {
 public:
  // The database must have model_registry_migrations(), and both must outlive the registry.
  model_registry(store::sql::database& database, store::blob_store& blobs);

  // Saves a newly trained model as the next version of its name, replacing the one before.
  model_record add(const std::string& name, const std::string& dataset, const model& trained, std::string metrics);

  // Saves what a model became by forgetting: same version, new file; the old file is gone when it returns. Throws
  // errc::failed_precondition when another process replaced the model meanwhile.
  model_record replace(const model_record& record, const model& changed);

  // Throws errc::not_found, naming the models there are.
  model_record find(std::string_view name);
  std::vector<model_record> list();
  std::vector<model_record> trained_on(std::string_view dataset);
  void remove(std::string_view name);

  std::unique_ptr<model> load(const model_record& record, const training_context& context);

 private:
  store::blob_ref save(std::string_view name, const model& trained);

  store::sql::database& database_;
  store::blob_store& blobs_;
};

std::span<const store::sql::migration> model_registry_migrations();

// Throws errc::invalid_argument unless text is 1 to 64 of a-z, 0-9, '_' and '-'; what says of what it is the name.
void check_name(std::string_view what, std::string_view text);

}  // namespace eunomia::recommend
