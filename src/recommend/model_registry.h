#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "recommend/deployments.h"
#include "recommend/learned_rows.h"
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
  std::int64_t line = 0;        // the version whose place it took, or that one took, …; itself where it took nobody's
  bool serving = false;         // the one version of its name that answers where no deployment is asked for
  std::uint64_t events = 0;     // of the dataset when it was trained
  std::int64_t expiries = 0;    // dataset::expiries() then: when it is more now, it may hold rows past their time
  bool exact = true;            // bit-identical with a retrain; else rederive() is still to be called
  std::int64_t trained_at = 0;  // UTC ms
  std::uint64_t people = 0;     // it learned from
  std::uint64_t pairs = 0;
  std::string metrics;  // JSON of the evaluation it was chosen by; "{}" when there was none
  store::blob_ref file;
};

// That a version was handed to somebody outside the house.
struct model_disclosure {
  std::int64_t version = 0;
  std::string recipient;  // 1 to max_recipient_bytes of plain text
  std::string purpose;    // what for, the same
  std::int64_t at = 0;    // UTC ms; set when it is kept
};

// What else belongs to a transaction, such as its entry in the audit log; may be called again when it is repeated.
using also_recorded = std::function<void(store::sql::transaction& in, const model_record& of)>;

// The trained models of a data directory: a row for each version in SQL, a file each in the blob store. The row is the
// truth: a file that no row names is left from a crash and swept on opening. Names are 1 to 64 of a-z, 0-9, '_' and
// '-'. Every version kept holds the people it learned from: whoever forgets somebody goes through all().
class model_registry {
 public:
  // The database must have model_registry_migrations(), and both must outlive the registry.
  model_registry(store::sql::database& database, store::blob_store& blobs);

  // What a dataset had when a model was trained on it.
  struct learned_when {
    std::uint64_t events = 0;
    std::int64_t expiries = 0;
  };
  // Where a new version answers from its first moment.
  struct placement {
    bool serve = true;
    std::int64_t instead_of = 0;  // the version whose places it takes, what it serves and is deployed as; 0: of none
  };
  // Saves a newly trained model as the next version of its name, in its places. Of the versions before, the newest
  // keep - 1 stay, and those that serve or are deployed; the one whose places it takes is removed. Throws
  // errc::already_exists for a name that belongs to another dataset.
  model_record add(const std::string& name, const std::string& dataset, const model& trained, std::string metrics,
                   learned_when when, std::uint32_t keep, const placement& answers, const also_recorded& also = {});

  // Saves what a model became by forgetting: same version, new file; the old file is gone when it returns. Throws
  // errc::failed_precondition when another process replaced the model meanwhile.
  model_record replace(const model_record& record, const model& changed, bool exact = true);

  // Makes another version the one that serves. Throws errc::not_found with the versions there are.
  model_record serve(std::string_view name, std::int64_t version);

  // Makes or moves a deployment. Throws errc::not_found with the versions there are; as put_deployment.
  deployment_record deploy(std::string_view name, std::string_view deployment, std::int64_t version);
  // Throws errc::not_found with the deployments there are.
  void withdraw(std::string_view name, std::string_view deployment);
  std::vector<deployment_record> deployments(std::string_view name);  // by name
  std::vector<deployment_record> deployments();                       // of all

  // The version that serves. Throws errc::not_found, naming the models there are.
  model_record find(std::string_view name);
  std::vector<model_record> versions(std::string_view name);  // newest first
  std::vector<model_record> list();                           // those that serve
  std::vector<model_record> all();
  // Every version of the name, and its deployments; nothing when there is none.
  void remove(std::string_view name, const std::function<void(store::sql::transaction& in)>& also = {});
  // Those of these versions that neither serve nor are deployed now.
  void remove_idle(std::span<const model_record> versions);

  // The rows that a version, as it rests in its file, learned from one person; nothing when it holds none of them.
  // Reads and verifies the file without building the model. Throws errc::not_found when the file was replaced
  // meanwhile.
  std::vector<learned_preference> learned_from(const model_record& record, core::subject_handle who);

  // How much a version, as it rests in its file, learned from some people. As learned_from.
  rows_learned count_learned(const model_record& record, std::span<const core::subject_handle> people);

  // Durable when it returns.
  void record_disclosure(const model_record& of, const model_disclosure& to, const also_recorded& also);
  std::vector<model_disclosure> disclosures(std::string_view name);  // newest first

  // The file of a version. Throws errc::not_found when it was replaced meanwhile, errc::corrupt.
  std::shared_ptr<const model_file> open(const model_record& record);
  std::unique_ptr<model> load(const model_record& record, const training_context& context);

  // Returns once no file of a model or a table that was removed rests on the disk any more, for who copied it: see
  // blob_store::wait_for_removed.
  void wait_for_removed(const core::job& job) { blobs_.wait_for_removed(job); }

 private:
  store::blob_ref save(std::string_view name, const model& trained);

  store::sql::database& database_;
  store::blob_store& blobs_;
};

std::span<const store::sql::migration> model_registry_migrations();

// The files that a snapshot of the registry names, of all versions.
std::vector<store::blob_ref> model_files(store::sql::connection& in);

// Throws errc::invalid_argument unless text is 1 to 64 of a-z, 0-9, '_' and '-'; what says of what it is the name.
void check_name(std::string_view what, std::string_view text);

}  // namespace eunomia::recommend
