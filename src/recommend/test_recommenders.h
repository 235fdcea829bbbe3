#pragma once

// Recommenders of a shop of forty people on either engine of SQL, with what erases people. Only *_test.cpp includes it.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "recommend/answering.h"
#include "recommend/custodian.h"
#include "recommend/family.h"
#include "recommend/recommenders.h"
#include "recommend/test_shop.h"
#include "recommend/training.h"
#include "subject/erasure/erasures.h"

namespace eunomia::recommend::testing {

class recommenders_on_both : public shop_on_both_engines {
 protected:
  static constexpr std::uint32_t people = 40;

  void SetUp() override {
    shop_on_both_engines::SetUp();
    if (IsSkipped()) {
      return;
    }
    std::vector<event> batch;
    for (std::uint32_t person = 0; person < people; ++person) {
      for (std::uint32_t step = 0; step < 6; ++step) {
        batch.push_back(view(user(person), fmt::format("item-{}", (person % 3) * 4 + step % 5), 1'000'000 + step));
      }
    }
    record(batch);
    open_all();
    all_->create(wanted());
  }
  void TearDown() override {
    answers_.reset();
    house_.reset();
    all_.reset();
    models_.reset();
    shop_on_both_engines::TearDown();
  }

  void open_all() {
    db().migrate(model_registry_migrations());
    models_ = std::make_unique<model_registry>(db(), *blobs_);
    all_ = std::make_unique<recommenders>(db(), *datasets_, *models_);
    house_ = std::make_unique<erasing_house>(*this);
    answers_ = std::make_unique<answering>(*datasets_, *all_, *people_, "user", why_, *purposes_, pool_);
  }
  void restart() {
    answers_.reset();
    house_.reset();
    all_.reset();
    models_.reset();
    reopen();
    open_all();
  }

  static std::string user(std::uint32_t number) { return fmt::format("user-{}", number); }
  static recommender_record wanted() {
    recommender_record record;
    record.name = "main";
    record.dataset = "shop";
    record.what = {"ease", "{}"};
    return record;
  }
  training_context context() { return {pool_, job_}; }
  subject::erasures& erasures() { return *house_->erasures; }
  subject::rights_request begin_erasure(core::subject_handle gone) {
    return erasures().begin({&gone, 1}, subject::actor::system(), {pool_, job_});
  }
  std::vector<subject::rights_request> finish_erasures() { return erasures().finish({pool_, job_}); }
  static std::uint64_t count_of(const subject::rights_request& request, std::string_view what) {
    for (const auto& step : request.steps) {
      if (step.what == what) {
        return step.count;
      }
    }
    return 0;
  }
  model_record train() { return all_->train("main", why_, context()); }
  answer ask(std::uint32_t person) { return answers_->recommend("main", {.who = {user(person), {}}, .count = 3}); }
  std::vector<std::byte> bytes_of(const model_record& record) { return blobs_->read(record.file); }
  bool holds(const model_record& record, core::subject_handle who) {
    return models_->load(record, context())->learned_from().find(who).has_value();
  }

  // What erases people, with the custodian of this room.
  struct erasing_house {
    explicit erasing_house(recommenders_on_both& in) {
      // As the server has it: what forgot is derived anew later.
      custodians.add(make_custodian(*in.datasets_, *in.models_, *in.all_,
                                    {in.db().speaks(), UINT64_MAX, std::chrono::milliseconds(600'000)}));
      audit = std::make_unique<subject::audit_log>(in.db());
      ledger = std::make_unique<subject::ledger_file>(in.folder_.path() / "keys", in.keys_->keys().id());
      erasures = std::make_unique<subject::erasures>(subject::erasure_house{
          in.db(), *in.keys_, *in.people_, *in.purposes_, *audit, *ledger, custodians, in.folder_.path(), {}});
    }
    subject::custodians custodians;
    std::unique_ptr<subject::audit_log> audit;
    std::unique_ptr<subject::ledger_file> ledger;
    std::unique_ptr<subject::erasures> erasures;
  };

  std::unique_ptr<model_registry> models_;
  std::unique_ptr<recommenders> all_;
  std::unique_ptr<erasing_house> house_;
  std::unique_ptr<answering> answers_;
};

// The message of what the action throws.
template <class Action>
std::string thrown(core::errc code, Action action) {
  try {
    action();
  } catch (const core::error& problem) {
    EXPECT_EQ(problem.code(), code) << problem.what();
    return problem.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

}  // namespace eunomia::recommend::testing
