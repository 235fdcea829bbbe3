#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/purpose.h"
#include "core/thread_pool.h"
#include "job/jobs.h"
#include "recommend/dataset.h"
#include "recommend/import.h"
#include "recommend/recommenders.h"

namespace eunomia::recommend {

// One file to be imported by a job.
struct import_order {
  std::string dataset;
  data_kind kind = data_kind::interactions;
  std::filesystem::path file;
  bool owned = false;  // the file is ours, and removed when the job has ended
  import_options options;
};

struct background_options {
  std::filesystem::path files;                        // folder of files that jobs own; what no job waits for is removed
  std::uint64_t memory_limit = UINT64_MAX;            // of one training, bytes
  std::chrono::milliseconds rederive_delay{600'000};  // a model that only updated itself is re-derived after this
  std::chrono::milliseconds tick{1'000};              // how often is looked at what is due
};

// The long work of the recommenders as durable jobs, and what happens by itself: retraining by policy, models
// re-derived, events moved to their table.
//
// Kinds of jobs, and their lanes: "import", "train" and "renew" (lane "data"), "rederive", "settle" and "withdraw"
// (lane "upkeep").
class background {
 public:
  // Adds its kinds of jobs: before jobs.start(). pool: for all this work, apart from the threads that answer. All must
  // outlive it.
  background(job::jobs& jobs, datasets& data, recommenders& all, core::thread_pool& pool, const core::purpose& why,
             const background_options& with);
  // Stops as stop() does.
  ~background();

  // Called with a dataset's name after each import into it, by the job's thread. Before jobs.start().
  void on_import(std::function<void(std::string_view dataset, core::job& job)> told) { imported_ = std::move(told); }

  // Called each time after it was looked at what is due. Before start().
  void on_look(std::function<void()> told) { looked_ = std::move(told); }

  // Throws errc::not_found for a dataset that is not there.
  job::record import(const import_order& order);
  // Throws errc::not_found; errc::failed_precondition when a training of it waits or runs already.
  job::record train(std::string_view recommender);

  // recommenders::renew(), unless a renewal of it waits or runs already, or failed a moment ago.
  void renew(const std::string& recommender, std::int64_t version);

  // Begins to look at what is due.
  void start();
  void stop();
  // Something may be due now: looks at once. Any thread.
  void look_soon();
  // Somebody objected, had their data restricted or withdrew their consent: models forget who did, by a job that begins
  // at once. Every start looks for them too. Any thread.
  void somebody_refused();

  training_context context(core::job& job) const { return {pool_, job, with_.memory_limit}; }

 private:
  std::string run_import(const job::record& what, core::job& job);
  std::string run_training(const job::record& what, core::job& job);
  std::string run_renewal(const job::record& what, core::job& job);
  void look();
  void sweep_files();
  std::string run_withdrawal(core::job& job);
  // False when one of the kind and about that waits, runs, or failed of late.
  bool submit_once(std::string_view kind, std::string_view about, const std::string& arguments);
  bool waits(std::string_view kind, std::string_view about) const;

  job::jobs& jobs_;
  datasets& data_;
  recommenders& all_;
  core::thread_pool& pool_;
  core::purpose why_;
  background_options with_;
  std::function<void(std::string_view, core::job&)> imported_ = [](std::string_view, core::job&) {};
  std::function<void()> looked_ = [] {};
  std::atomic<bool> somebody_refused_ = true;  // since models were last looked through

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool look_now_ = false;
  std::thread looks_;
};

}  // namespace eunomia::recommend
