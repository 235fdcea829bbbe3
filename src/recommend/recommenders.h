#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/published.h"
#include "core/purpose.h"
#include "recommend/answer.h"
#include "recommend/dataset.h"
#include "recommend/deployments.h"
#include "recommend/model_registry.h"
#include "recommend/people_leaving.h"
#include "recommend/recommender_definitions.h"
#include "store/sql/database.h"

namespace eunomia::recommend {

class training_session;

// Which version is asked: the one that serves for a recommender, or the one deployed under a name.
struct asked_model {
  std::string recommender;
  std::string deployment;  // empty: the version that serves

  template <std::convertible_to<std::string_view> Name>
  asked_model(const Name& of, std::string_view deployed_as = {})  // NOLINT(*-explicit-*): a name alone asks what serves
      : recommender(std::string_view(of)), deployment(deployed_as) {}
};

// A version that answers: immutable but for the scorer, which forgetting replaces. Any thread.
class served_model {
 public:
  served_model(model_record record, std::shared_ptr<model> answers);

  const model_record& record() const { return record_; }
  std::shared_ptr<const scorer> current() const { return model_->current(); }
  const model& trained() const { return *model_; }
  // The other is the same version, whatever either has forgotten since.
  bool same_training(const served_model& other) const { return model_ == other.model_; }
  const weighting& how() const { return how_; }
  // Items of the catalogue that nobody had an interaction with when it was trained.
  const item_set& new_items() const { return new_items_; }

 private:
  friend class recommenders;
  model_record record_;
  std::shared_ptr<model> model_;
  weighting how_;
  item_set new_items_;
};

// What one version of a model lost when people were forgotten.
struct forgotten_model {
  std::string name;  // of the recommender
  std::int64_t version = 0;
  std::string family;
  bool serving = false;
  std::uint64_t people = 0;  // of those asked, how many it held
  std::uint64_t pairs = 0;   // taken out
  forgetting_level level = forgetting_level::exact;
  double milliseconds = 0;
};

// What became of a version that learned from rows which are past their time.
struct expired_model {
  std::string name;  // of the recommender
  std::int64_t version = 0;
  std::string family;
  std::int64_t retrained = 0;  // the version that answers instead; 0: it was only removed
  double milliseconds = 0;
};

// The recommenders of a data directory: defined, trained, served, made to forget. Any number of threads ask served();
// one at a time trains a recommender; forgetting goes on beside both.
//
// Of a recommender's versions one may serve, and others may be deployed beside it, each under one or several names
// (docs/decisions/0029). Each version that answers is in memory once, and forgets once, whatever its names.
class recommenders {
 public:
  // Brings the schema of this room up to date. All must outlive it.
  recommenders(store::sql::database& sql, datasets& data, model_registry& models);
  ~recommenders();

  // Throws errc::already_exists; errc::not_found for a dataset that is not there; errc::invalid_argument for a family,
  // parameters or a policy that cannot be.
  recommender_record create(recommender_record wanted);
  // The same within the caller's transaction, who knows that the dataset is there.
  static recommender_record create(store::sql::transaction& in, recommender_record wanted);
  // Changes what it learns, when, how many versions stay and whether the newest serves; not its dataset. Throws
  // errc::not_found.
  recommender_record update(recommender_record wanted);
  // Throws errc::not_found with the names there are.
  recommender_record find(std::string_view name) const;
  std::vector<recommender_record> list() const;
  // With all its versions and deployments. Throws errc::not_found.
  void remove(std::string_view name);
  std::vector<model_record> versions(std::string_view name) const { return models_.versions(name); }

  // Loads the version that is asked; forgets first whom it is to forget. Throws errc::failed_precondition when none is
  // trained, errc::not_found for a deployment that there is not.
  std::shared_ptr<const served_model> load(const asked_model& which, const training_context& context);
  // Loads all that serve or are deployed. One that cannot be loaded is logged, and the others go on.
  void load_all(const training_context& context);
  // From here until load_all() has ended, what is not loaded is only not loaded yet.
  void expect_load_all() { loading_ = true; }
  // Throws errc::not_found when there is no such recommender or deployment, errc::failed_precondition when it is not
  // loaded, errc::unavailable while it may still be loaded.
  std::shared_ptr<const served_model> served(const asked_model& which) const;
  // Whether the version serves or is deployed, and so forgets who is forgotten.
  bool answers(const served_model& one) const;

  // Trains anew, keeps it as the next version, and serves it where the recommender says serve_newest; the old version
  // answers until then, and after a failure, which is kept in the record. People forgotten meanwhile are taken out
  // before anything is kept.
  model_record train(std::string_view name, const core::purpose& why, const training_context& context);
  // The same with what was loaded before, for who wants to look at the choice first.
  model_record train(std::string_view name, const training_session& session, const training_context& context);
  // Writes what a version answers with, without the rows of anybody, for use elsewhere (portable_file.h), and keeps on
  // record who is handed it, before there is a file. Throws errc::not_found with the versions there are;
  // errc::failed_precondition for a family that consists of rows, and while people are being erased whom the file may
  // still hold; errc::invalid_argument for a recipient that is empty, too long or no plain text.
  model_record export_version(std::string_view name, std::int64_t version, const model_disclosure& to,
                              const std::filesystem::path& file, const also_recorded& also = {});
  // Keeps a model that came from elsewhere as the next version, and serves it where the recommender says serve_newest.
  // Throws as read_portable() and scorer_of(), naming what is wrong; errc::not_found; errc::resource_exhausted where it
  // takes more memory than the context allows.
  model_record import_version(std::string_view name, const std::filesystem::path& file, std::string_view origin,
                              const training_context& context, const also_recorded& also = {});
  // Whom versions of a recommender were handed, newest first.
  std::vector<model_disclosure> disclosures(std::string_view name) const { return models_.disclosures(name); }

  // Trains another version as this one was, of what there is now, which takes its places and removes it. Throws
  // errc::not_found with the versions there are, and as train().
  model_record renew(std::string_view name, std::int64_t version, const core::purpose& why,
                     const training_context& context);
  // The version that has the place of this one by now: itself, unless it was renewed; 0 when neither is kept.
  std::int64_t newest_of_line(std::string_view name, std::int64_t version) const;

  // Another version, or what it was renewed to, serves from now on: the one before does until the other can. Throws
  // errc::not_found with the versions there are, errc::failed_precondition for one that learned from rows which are
  // past their time.
  model_record serve(std::string_view name, std::int64_t version, const training_context& context);

  // A version, or what it was renewed to, answers from now on under the deployment's name, which is made, or moves to
  // it: the version before answers until the other can. Throws as serve(); errc::invalid_argument for a name that
  // cannot be, errc::resource_exhausted beyond max_deployments.
  deployment_record deploy(std::string_view recommender, std::string_view name, std::int64_t version,
                           const training_context& context);
  // Nothing answers under the name any more; the version stays while it serves, is deployed otherwise, or is among
  // those that are kept. Throws errc::not_found with the deployments there are.
  void withdraw(std::string_view recommender, std::string_view name);
  // By name. Throws errc::not_found when there is no such recommender.
  std::vector<deployment_record> deployments(std::string_view recommender) const;
  // Throws errc::not_found when there is no such recommender or deployment.
  deployment_record deployment(std::string_view recommender, std::string_view name) const;

  // The recommenders that their policy wants to be trained now.
  std::vector<std::string> due() const;

  // Forgetting people is asked by an erasure (recommend/custodian.h), in this order.
  //
  // From before the request is durable until nothing of them is left, whatever is trained or loaded loses them.
  people_leaving& leaving() { return leaving_; }
  // What the versions that answer lost.
  std::vector<forgotten_model> forget_in_memory(std::span<const core::subject_handle> gone,
                                                const training_context& context);
  // Every kept version of every model is saved without them; each is told, also where nothing was left of them. Throws
  // what stood in the way after all others were done.
  std::vector<forgotten_model> forget_on_disk(std::span<const core::subject_handle> gone,
                                              const training_context& context);
  // Every kept version of every model forgets who refuses to be read for the purpose (datasets::people_who_refuse);
  // what each lost, nothing when none held any of them. They learn from who is admitted again with their next training.
  std::vector<forgotten_model> forget_who_refuses(const core::purpose& why, const training_context& context);
  // How many of them each kept version holds, read from its file; those that hold nobody are left out.
  std::vector<forgotten_model> holding(std::span<const core::subject_handle> people,
                                       const training_context& context) const;

  // Removes the versions that learned from rows which left their dataset since because they were past their time. Where
  // one of them answers, another is trained first, as the version was where it was chosen (deployed, or served by a
  // recommender that does not serve_newest), and takes its places; unless nothing is left to learn from: then nothing
  // answers any more. Adds to done what became of each, and throws what stood in the way after all others were done.
  void renew_expired(const core::purpose& why, const training_context& context, std::vector<expired_model>& done);

  // Makes versions that only updated themselves bit-identical with a retrain, and saves them. Returns how many.
  std::size_t rederive(const training_context& context);
  // Since when there has been one that rederive() would change, UTC ms; a start of the process counts anew.
  std::optional<std::int64_t> inexact_since() const;

 private:
  struct slot;
  struct loaded_version;
  using loaded = std::shared_ptr<loaded_version>;

  std::shared_ptr<slot> slot_of(std::string_view name);
  std::shared_ptr<slot> slot_if_any(std::string_view name) const;
  std::vector<std::shared_ptr<slot>> slots() const;
  // Throws errc::not_found with the versions there are.
  model_record kept_version(const recommender_record& of, std::int64_t version) const;
  // One that may answer: it, or what it was renewed to. Throws also errc::failed_precondition for one that learned from
  // rows which are past their time.
  model_record version_to_answer(const recommender_record& of, std::int64_t version) const;
  // The version in memory, without the people who are to be forgotten; the one that is there already where it answers.
  // The caller holds slot::changing.
  loaded load_version(slot& in, const model_record& record, const training_context& context);
  std::vector<core::subject_handle> whom_it_must_not_hold(const model& trained, const core::purpose& why) const;
  void keep_failure(std::string_view name, std::string_view why);
  // replaced: the version whose places the new one takes; none: where it answers the recommender says.
  model_record train(const recommender_record& record, std::optional<std::int64_t> replaced, const core::purpose& why,
                     const training_context& context);
  // Publishes a version that was just added where it answers. The caller holds slot::changing.
  void publish_added(slot& in, const model_record& kept, std::shared_ptr<model> trained);
  model_record keep(const recommender_record& record, std::optional<std::int64_t> replaced,
                    const training_session& session, const training_context& context);
  // What the version loses. The caller holds slot::changing.
  forgotten_model forget_loaded(const slot& in, loaded_version& from, std::span<const core::subject_handle> gone,
                                const training_context& context);
  void forget_versions(const std::string& name, std::span<const core::subject_handle> gone,
                       const training_context& context, std::vector<forgotten_model>& lost);
  void renew_expired(const recommender_record& record, const core::purpose& why, const training_context& context,
                     std::vector<expired_model>& done);
  // 1, or 0 when it is exact. The caller holds slot::changing.
  std::size_t rederive_loaded(loaded_version& of, const training_context& context);
  void note_inexact();

  store::sql::database& sql_;
  datasets& data_;
  model_registry& models_;
  std::atomic<bool> loading_ = false;
  mutable std::mutex mutex_;  // of slots_
  std::map<std::string, std::shared_ptr<slot>, std::less<>> slots_;
  people_leaving leaving_;
  std::atomic<std::int64_t> inexact_since_ = 0;  // UTC ms; 0: all kept versions are exact
};

}  // namespace eunomia::recommend
