// Every route of Eunomia's own API behind the edge: "METHOD TARGET", a line feed, and the body. What comes back is an
// answer below 500, or one of the errors that are the client's. A small shop is behind it, made anew every thousand
// requests: so an input may need those before it.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/temporary_directory.h"
#include "fuzz.h"
#include "job/jobs.h"
#include "recommend/ab_custodian.h"
#include "recommend/answering.h"
#include "recommend/background.h"
#include "recommend/custodian.h"
#include "recommend/dataset.h"
#include "recommend/import.h"
#include "recommend/model_registry.h"
#include "recommend/recommenders.h"
#include "recommend/rectifying.h"
#include "store/blob/blob_store.h"
#include "store/sql/database.h"
#include "store/table/table_store.h"
#include "subject/audit/audit_log.h"
#include "subject/custody/own_custodian.h"
#include "subject/decision/decision_custodian.h"
#include "subject/directory.h"
#include "subject/erasure/erasures.h"
#include "subject/retention/retention.h"
#include "subject/rights/desk.h"
#include "wire/access/access_keys.h"
#include "wire/access/tokens.h"
#include "wire/api/api.h"
#include "wire/http/line_splitter.h"
#include "wire/http/target.h"

namespace {

using namespace eunomia;
using namespace eunomia::wire;

constexpr int requests_of_a_shop = 1000;

// What the server puts together, on a directory of its own; its jobs wait for ever.
class shop {
 public:
  shop() {
    recommend::dataset_description description;
    description.name = "shop";
    description.items = {recommend::metadata_column::parse("PRICE:number"),
                         recommend::metadata_column::parse("DEPARTMENT:category")};
    description.interactions = {recommend::metadata_column::parse("DEVICE:text")};
    auto set = datasets_.create(description);
    std::vector<recommend::event> events;
    for (int i = 0; i < 60; ++i) {
      recommend::event one;
      one.user_id = "u" + std::to_string(i % 7);
      one.item_id = "i" + std::to_string(i * i % 11);
      one.event_type = i % 5 == 0 ? "buy" : "view";
      one.timestamp = 1'700'000'000'000 + i;
      events.push_back(one);
    }
    set.record(events);
    core::job quiet;
    for (const char* family : {"ease", "popularity"}) {
      recommend::recommender_record wanted;
      wanted.name = family;
      wanted.dataset = "shop";
      wanted.what = {family, "{}"};
      recommenders_.create(wanted);
      recommenders_.train(family, purpose_, {pool_, quiet});
    }
  }

  // As the server does it, without the socket.
  http::response ask(http::request in, std::string_view body) {
    if (const auto why = http::read_target(in.target, in)) {
      return api_.answer_of(in, *why);
    }
    const auto match = router_.find(in);
    if (match.found == nullptr) {
      return {.status = 404, .body = "{}"};
    }
    in.headers = {{"Content-Type", "application/json"}};
    in.caller = http::identity{"tok-1", http::role::administrator};
    in.body_bytes = body.size();
    switch (match.found->body.into) {
      case http::body_policy::kind::none: break;
      case http::body_policy::kind::memory: in.body = body; break;
      case http::body_policy::kind::file:
        in.body_file = folder_.path() / "body";
        core::write_file(in.body_file, body);
        break;
      case http::body_policy::kind::lines: {
        const auto sink = match.found->open_sink(in);
        http::line_splitter lines;
        lines.tail() = body;
        lines.note_appended();
        lines.end();
        sink->take(lines.lines(), 1);
        return sink->finish();
      }
    }
    auto out = match.found->run(in);
    if (out.events) {
      out.events->poll();
    }
    return out;
  }

 private:
  core::temporary_directory folder_;
  std::unique_ptr<store::sql::database> sql_ = opened();
  std::unique_ptr<store::blob_store> blobs_ = store::open_disk_blob_store(folder_.path() / "blobs");
  subject::purposes purposes_{*sql_};
  std::shared_ptr<subject::vault> keys_ = subject::open_vault(*sql_, folder_.path() / "keys");
  std::unique_ptr<store::table::table_store> tables_ =
      store::table::open_table_store(*sql_, *blobs_, folder_.path() / "blobs", purposes_, *keys_);
  std::unique_ptr<subject::durable_directory> people_ = subject::open_directory(*sql_, keys_);
  recommend::datasets datasets_{*sql_, *tables_, *people_, purposes_};
  recommend::model_registry models_{*sql_, *blobs_};
  recommend::recommenders recommenders_{*sql_, datasets_, models_};
  recommend::ab_tests ab_tests_{*sql_, *keys_, recommenders_};
  subject::audit_log audit_{*sql_};
  subject::automated_decisions decisions_{*sql_, *keys_};
  subject::ledger_file ledger_{folder_.path() / "keys", keys_->keys().id()};
  const subject::custodians custodians_ = make_custodians();
  subject::erasures erasures_{
      {*sql_, *keys_, *people_, purposes_, audit_, ledger_, custodians_, folder_.path(), {"uploads/", "incoming/"}}};
  subject::retention retention_{{*sql_, *people_, purposes_, audit_, custodians_, erasures_}};
  subject::rights_desk desk_{{*sql_, *keys_, *people_, purposes_, audit_, custodians_, decisions_}};
  const recommend::rectifying rectifying_{datasets_, recommenders_, {}};
  access::tokens tokens_{*sql_};
  access::access_keys access_keys_{*sql_, keys_->key_for(access::access_keys::sealing_key_use)};
  object::object_store objects_{
      *sql_,
      *blobs_,
      {keys_->key_for(object::object_keys::sealing_use), keys_->key_for(object::object_keys::lookup_use)}};
  job::jobs jobs_{*sql_};
  core::thread_pool pool_{1};
  core::purpose purpose_{"recommendation"};
  recommend::background background_{jobs_, datasets_, recommenders_, pool_, purpose_, {}};
  recommend::answering answering_{datasets_, recommenders_, *people_, "user", purpose_, purposes_, pool_};
  api::api api_{{.datasets = datasets_,
                 .recommenders = recommenders_,
                 .background = background_,
                 .answering = answering_,
                 .ab_tests = ab_tests_,
                 .people = *people_,
                 .keys = *keys_,
                 .custodians = custodians_,
                 .purposes = purposes_,
                 .audit = audit_,
                 .erasures = erasures_,
                 .decisions = decisions_,
                 .desk = desk_,
                 .retention = retention_,
                 .rectifying = rectifying_,
                 .jobs = jobs_,
                 .tokens = tokens_,
                 .access_keys = access_keys_,
                 .objects = objects_,
                 .forget_pool = pool_,
                 .purpose = purpose_,
                 .user_space = "user",
                 .public_keys = {core::signing_key(keys_->keys().signing_seed()).public_half()},
                 .roll_keys_kind = "roll-keys",
                 .verify_audit_kind = "verify-audit",
                 .retention_kind = "retention",
                 .backup_kind = {},
                 .version = "fuzz",
                 .files = folder_.path(),
                 .import_roots = {}}};
  const http::protocol* protocols_[1] = {&api_};
  http::router router_{protocols_};

  subject::custodians make_custodians() {
    subject::custodians made;
    made.add(subject::make_subject_custodian(*sql_, *people_, *keys_, purposes_, audit_));
    made.add(subject::make_decision_custodian(*sql_, decisions_));
    made.add(recommend::make_custodian(datasets_, models_, recommenders_));
    made.add(recommend::make_ab_custodian(*sql_, ab_tests_, datasets_));
    return made;
  }

  std::unique_ptr<store::sql::database> opened() {
    auto database = store::sql::database::open((folder_.path() / "eunomia.db").string());
    database->migrate(subject::directory_migrations());
    database->migrate(recommend::model_registry_migrations());
    return database;
  }
};

void check(const http::response& answer) {
  fuzz::require(answer.status >= 200 && answer.status < 500, "an answer has a status below 500");
  if (!answer.body.empty() && answer.content_type == "application/json") {
    core::parse_json(answer.body);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static shop* here = nullptr;  // never destroyed: what DuckDB keeps for a thread is gone when statics are
  static int asked = 0;
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  const std::size_t space = std::min(text.substr(0, line).find(' '), line);
  const auto verb = http::method_named(text.substr(0, space));
  if (!verb || space == line) {
    return 0;
  }
  if (here == nullptr || ++asked % requests_of_a_shop == 0) {
    delete here;
    here = nullptr;
    here = new shop();
  }
  http::request in;
  in.id = "r";
  in.verb = *verb;
  in.target = text.substr(space + 1, line - space - 1);
  try {
    check(here->ask(std::move(in), text.substr(std::min(line + 1, text.size()))));
  } catch (const core::error& problem) {
    const unsigned status = http::failure_of(problem).status;
    fuzz::require(status < 500 || status == 503 || status == 507, problem.what());
    core::parse_json(core::write_json(std::string(problem.what())));
  }
  return 0;
}
