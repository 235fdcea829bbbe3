// eunomia up: everything behind one port, until a signal ends it.

#include <fmt/format.h>

#include <optional>
#include <thread>

#include "app/audit_upkeep.h"
#include "app/backups.h"
#include "app/commands.h"
#include "app/data_directory.h"
#include "app/demo_shop.h"
#include "app/erasure_upkeep.h"
#include "app/external_s3.h"
#include "app/key_upkeep.h"
#include "app/public_keys.h"
#include "app/retention_upkeep.h"
#include "app/signals.h"
#include "core/attempt.h"
#include "core/error.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/time.h"
#include "job/jobs.h"
#include "recommend/background.h"
#include "wire/access/access_keys.h"
#include "wire/access/on_record.h"
#include "wire/access/tokens.h"
#include "wire/api/api.h"
#include "wire/aws/replay_window.h"
#include "wire/aws/sigv4_authenticator.h"
#include "wire/http/server.h"
#include "wire/personalize/external_files.h"
#include "wire/personalize/service.h"
#include "wire/personalize/stored_files.h"
#include "wire/recombee/service.h"
#include "wire/s3/protocol.h"

namespace eunomia::app {

namespace {

// Forgetting has threads of its own, so that it never waits for a training.
constexpr unsigned forget_threads = 2;
constexpr std::string_view demo_name = "demo";

struct up_flags {
  wire::http::server_options listen;
  std::string certificate;
  std::string key;
  std::vector<std::filesystem::path> import_from;
  double erase_delay_s = 5;
  double rederive_delay_s = 600;
  key_upkeep_options keys;
  retention_upkeep_options retention;
  audit_upkeep_options audit;
  std::filesystem::path backup_folder;
  external_s3_flags external_s3;
  bool demo = false;
};

std::vector<std::filesystem::path> real_folders(const std::vector<std::filesystem::path>& folders) {
  std::vector<std::filesystem::path> real;
  for (const auto& folder : folders) {
    std::error_code problem;
    real.push_back(std::filesystem::canonical(folder, problem));
    if (problem || !std::filesystem::is_directory(real.back())) {
      throw core::error(core::errc::invalid_argument,
                        fmt::format("--allow-import-from {}: there is no such folder", folder.string()));
    }
  }
  return real;
}

// Everything that runs. It stops in order: what looks at what is due; the port and the jobs; the rest.
class running {
 public:
  running(up_flags flags, environment& shared)
      : flags_(std::move(flags)),
        data_(shared, milliseconds(flags_.rederive_delay_s)),
        tokens_(data_.database()),
        access_keys_(data_.access_keys()),
        jobs_(data_.database()),
        key_upkeep_(jobs_, data_.keys(), data_.audit(), flags_.keys),
        audit_upkeep_(jobs_, data_.audit(), data_.keys(), read_public_keys(shared.data / public_keys_file),
                      flags_.audit),
        backups_(jobs_, data_, shared.data, flags_.backup_folder),
        work_(shared.threads, core::thread_pool::default_queue_limit, core::thread_pool::priority::background),
        forget_pool_(forget_threads),
        erasure_upkeep_(
            jobs_, data_.erasures(), work_,
            {.delay = milliseconds(flags_.erase_delay_s), .follow_up_every = milliseconds(flags_.rederive_delay_s)}),
        retention_upkeep_(jobs_, data_.retention(), work_, flags_.retention, [this] { background_.look_soon(); }),
        background_(jobs_, data_.datasets(), data_.recommenders(), work_, recommendation_purpose(), options(shared)),
        answering_(data_.datasets(), data_.recommenders(), data_.people(), std::string(user_space),
                   recommendation_purpose(), data_.purposes(), forget_pool_),
        api_(services(shared)),
        s3_(
            {data_.objects(), data_.audit()}, [this](std::string_view id) { return access_keys_.find(id); },
            used_signatures_),
        stored_files_(data_.objects()),
        files_(stored_files_, external_buckets_of(flags_.external_s3).value_or(wire::personalize::external_buckets())),
        signers_(
            "personalize", [this](std::string_view id) { return access_keys_.find(id); }, wire::aws::json_error_of,
            core::now_ms),
        personalize_(surroundings(shared), signers_, used_signatures_),
        recombee_(
            surroundings_of_recombee(),
            [this](std::string_view label, std::size_t at_most) { return access_keys_.labelled(label, at_most); },
            core::now_ms) {
    first_token_ = shared.data / "administrator.token";
    created_first_ = wire::access::create_first_on_record(tokens_, data_.audit(), first_token_);
    flags_.listen.upload_folder = shared.data / "incoming";
    std::filesystem::create_directories(shared.data / "uploads");
    // S3 and Recombee know their requests by how they are signed; the paths of the others are names of buckets and of
    // databases too.
    const wire::http::protocol* const protocols[] = {
        &api_, &s3_, &recombee_.speaks(), &personalize_.control(), &personalize_.runtime(), &personalize_.events()};
    background_.on_look([this] {
      core::attempt("models that were replaced", [this] { answering_.drop_replaced(); });
      core::attempt("keys", [this] { key_upkeep_.look(); });
      core::attempt("erasures", [this] { erasure_upkeep_.look(); });
      core::attempt("retention", [this] { retention_upkeep_.look(); });
      audit_upkeep_.look();
      core::attempt("Personalize", [this] { personalize_.look(core::now_ms()); });
      core::attempt("Recombee", [this] { recombee_.look(core::now_ms()); });
      core::attempt("uploads", [this] { abort_old_uploads(); });
    });
    data_.recommenders().expect_load_all();
    server_ = wire::http::server::start(flags_.listen, protocols, figures_);
    background_.on_import([this](std::string_view dataset, core::job& job) {
      answering_.changed(dataset);
      recombee_.changed(dataset);
      answering_.warm_up(job, dataset);
    });
    server_->ready(false, "loading recommenders");
    core::job quiet;
    data_.recommenders().load_all({work_, quiet});
    answering_.warm_up(quiet);
    jobs_.start();
    personalize_.mend();
    background_.start();
    core::release_code_pages();
    server_->ready(true);
  }

  ~running() {
    background_.stop();
    // Beside the requests under way, one of which may wait for what a job holds.
    std::thread jobs([this] { jobs_.stop(); });
    server_->stop();
    jobs.join();
    audit_upkeep_.sign();
  }

  running(const running&) = delete;
  running& operator=(const running&) = delete;

  std::string url() const {
    const bool plain = !flags_.listen.tls;
    const bool v6 = flags_.listen.address.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}", plain ? "http" : "https", v6 ? "[" : "", flags_.listen.address, v6 ? "]" : "",
                       server_->port());
  }
  const std::filesystem::path& first_token() const { return first_token_; }
  bool created_first() const { return created_first_; }
  wire::http::server& server() { return *server_; }
  data_directory& data() { return data_; }
  core::thread_pool& work() { return work_; }

 private:
  static std::chrono::milliseconds milliseconds(double seconds) {
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
  }
  // Of objects in parts, that nobody completed.
  void abort_old_uploads() {
    constexpr std::int64_t every_ms = 60 * 60 * 1000;
    const std::int64_t now = core::now_ms();
    if (now - uploads_looked_at_ < every_ms) {
      return;
    }
    uploads_looked_at_ = now;
    if (const std::size_t gone = data_.objects().abort_uploads_before(now - object::max_upload_age_ms)) {
      core::log::info("uploads in parts that nobody completed were removed", {{"uploads", gone}});
    }
  }
  recommend::background_options options(environment& shared) const {
    recommend::background_options with;
    with.files = shared.data / "uploads";
    with.memory_limit = shared.training_memory();
    with.rederive_delay = milliseconds(flags_.rederive_delay_s);
    return with;
  }
  wire::api::services services(environment& shared) {
    return {.datasets = data_.datasets(),
            .recommenders = data_.recommenders(),
            .background = background_,
            .answering = answering_,
            .ab_tests = data_.ab_tests(),
            .people = data_.people(),
            .keys = data_.keys(),
            .custodians = data_.custodians(),
            .purposes = data_.purposes(),
            .audit = data_.audit(),
            .erasures = data_.erasures(),
            .decisions = data_.decisions(),
            .desk = data_.desk(),
            .retention = data_.retention(),
            .rectifying = data_.rectifying(),
            .jobs = jobs_,
            .tokens = tokens_,
            .access_keys = access_keys_,
            .objects = data_.objects(),
            .forget_pool = forget_pool_,
            .purpose = recommendation_purpose(),
            .user_space = std::string(user_space),
            .public_keys = audit_upkeep_.keys(),
            .roll_keys_kind = std::string(key_upkeep::kind),
            .verify_audit_kind = std::string(audit_upkeep::kind),
            .retention_kind = std::string(retention_upkeep::kind),
            .backup_kind = backups_.kind_of_jobs(),
            .model_imported = [this] { personalize_.adopt_imported(); },
            .version = EUNOMIA_VERSION,
            .files = shared.data / "uploads",
            .import_roots = real_folders(flags_.import_from)};
  }

  wire::personalize::service::surroundings surroundings(environment& shared) {
    return {.sql = data_.database(),
            .jobs = jobs_,
            .datasets = data_.datasets(),
            .recommenders = data_.recommenders(),
            .background = background_,
            .answering = answering_,
            .ab_tests = data_.ab_tests(),
            .people = data_.people(),
            .keys = data_.keys(),
            .erasures = data_.erasures(),
            .files = files_,
            .forget_pool = forget_pool_,
            .work_pool = work_,
            .purpose = recommendation_purpose(),
            .user_space = std::string(user_space),
            .incoming = shared.data / "incoming",
            .arns = {}};
  }

  wire::recombee::service::surroundings surroundings_of_recombee() {
    return {.sql = data_.database(),
            .datasets = data_.datasets(),
            .recommenders = data_.recommenders(),
            .background = background_,
            .answering = answering_,
            .people = data_.people(),
            .erasures = data_.erasures(),
            .desk = data_.desk(),
            .forget_pool = forget_pool_,
            .work_pool = work_,
            .purpose = recommendation_purpose(),
            .user_space = std::string(user_space)};
  }

  up_flags flags_;
  data_directory data_;
  wire::access::tokens tokens_;
  wire::access::access_keys access_keys_;
  job::jobs jobs_;
  key_upkeep key_upkeep_;
  audit_upkeep audit_upkeep_;
  backups backups_;
  core::thread_pool work_;
  core::thread_pool forget_pool_;
  erasure_upkeep erasure_upkeep_;
  retention_upkeep retention_upkeep_;
  recommend::background background_;
  recommend::answering answering_;
  wire::api::api api_;
  wire::aws::replay_window used_signatures_;
  wire::s3::protocol s3_;
  wire::personalize::stored_files stored_files_;
  wire::personalize::external_files files_;
  wire::aws::sigv4_authenticator signers_;
  wire::personalize::service personalize_;
  wire::recombee::service recombee_;
  std::int64_t uploads_looked_at_ = 0;  // UTC ms
  wire::http::metrics figures_;
  std::unique_ptr<wire::http::server> server_;
  std::filesystem::path first_token_;
  bool created_first_ = false;
};

// A shop to try things on, imported and trained when the directory has none.
void prepare_demo(running& here, environment& shared) {
  auto& data = here.data();
  for (const auto& record : data.recommenders().list()) {
    if (record.name == demo_name) {
      return;
    }
  }
  shared.print("Generating a small shop of 2,000 people and 240 items, and training a recommender on it…");
  const auto folder = shared.data / "demo";
  std::filesystem::create_directories(folder);
  const demo_shop shop = write_demo_shop(folder);
  recommend::dataset_description description;
  description.name = demo_name;
  description.items = {recommend::metadata_column::parse("DEPARTMENT:category"),
                       recommend::metadata_column::parse("PRICE:number")};
  description.users = {recommend::metadata_column::parse("COUNTRY:category")};
  auto set = data.datasets().create(description);
  core::job quiet;
  const std::pair<recommend::data_kind, std::filesystem::path> files[] = {
      {recommend::data_kind::items, shop.items},
      {recommend::data_kind::users, shop.users},
      {recommend::data_kind::interactions, shop.interactions}};
  for (const auto& [kind, file] : files) {
    recommend::import_files(set, kind, {&file, 1}, {}, here.work(), quiet);
  }
  recommend::recommender_record wanted;
  wanted.name = demo_name;
  wanted.dataset = demo_name;
  wanted.when.after_events = 1000;
  data.recommenders().create(wanted);
  data.recommenders().train(demo_name, recommendation_purpose(), {here.work(), quiet, shared.training_memory()});
  std::filesystem::remove_all(folder);
}

std::string things_to_try(const running& here) {
  const std::string token = fmt::format("\"Authorization: Bearer $(cat {})\"", here.first_token().string());
  return fmt::format(R"(
Three things to try, in another terminal:

  # What to show customer-0007, and why
  curl -s {0}/api/v1/recommenders/{2}/recommendations -H {1} \
    -d '{{"user": "customer-0007", "count": 5, "explain": 2}}' -H 'Content-Type: application/json'

  # They look at something: the next answer knows it
  curl -s {0}/api/v1/datasets/{2}/events -H {1} \
    -d '{{"user_id": "customer-0007", "item_id": "red-teapot", "event_type": "view"}}' -H 'Content-Type: application/json'

  # They ask to be forgotten: served models forget at once, files within seconds
  curl -s {0}/api/v1/subjects/erasures -H {1} -d '{{"users": ["customer-0007"]}}' -H 'Content-Type: application/json'

)",
                     here.url(), token, demo_name);
}

void up(up_flags flags, environment& shared) {
  if (flags.certificate.empty() != flags.key.empty()) {
    throw core::error(core::errc::invalid_argument, "--tls-certificate and --tls-key go together");
  }
  if (!flags.certificate.empty()) {
    flags.listen.tls = wire::http::tls_files{flags.certificate, flags.key};
  }
  const signals stop;
  const bool demo = flags.demo;
  running here(std::move(flags), shared);
  if (demo) {
    prepare_demo(here, shared);
  }
  shared.print(fmt::format("Eunomia listens on {}; the administrator's token is in {}{}", here.url(),
                           here.first_token().string(), here.created_first() ? " (new)" : ""));
  if (demo) {
    shared.print(things_to_try(here));
  }
  for (int signal = stop.next(); signal == SIGHUP; signal = stop.next()) {
    try {
      here.server().reload_certificate();
      core::log::info("certificate read again");
    } catch (const core::error& problem) {
      core::log::error("the certificate stays as it was", {{"why", core::kept_message_of(problem)}});
    }
  }
  core::log::info("stopping: requests under way are finished first");
  stop.end_at_the_next();
}

}  // namespace

void add_up(CLI::App& eunomia, environment& shared) {
  auto flags = std::make_shared<up_flags>();
  CLI::App* command = eunomia.add_subcommand("up", "Serve everything on one port");
  auto& listen = flags->listen;
  command->add_option("--host", listen.address, "The address to listen on")->capture_default_str();
  command->add_option("--port", listen.port, "The port; 0: any free one")->capture_default_str();
  command->add_option("--tls-certificate", flags->certificate, "PEM, the chain; SIGHUP reads it again");
  command->add_option("--tls-key", flags->key, "PEM");
  command->add_flag("--behind-proxy", listen.behind_proxy,
                    "Listen elsewhere than on loopback without TLS: a proxy does it");
  command->add_option("--allow-import-from", flags->import_from, "A folder whose files may be imported by path")
      ->allow_extra_args(false);
  command->add_option("--workers", listen.workers, "Threads that answer requests")
      ->check(CLI::Range(1U, 1024U))
      ->capture_default_str();
  command->add_option("--max-connections", listen.max_connections, "More are refused")->capture_default_str();
  command->add_option("--backup-folder", flags->backup_folder,
                      "Where POST /api/v1/backups makes backups; without it, it makes none");
  add_external_s3_options(*command, flags->external_s3);
  command
      ->add_option("--erase-delay", flags->erase_delay_s,
                   "Seconds for which requests to erase people gather before files are rewritten")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  command
      ->add_option("--rederive-delay", flags->rederive_delay_s,
                   "Seconds after which a model that forgot is made bit-identical with a retrain")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  command
      ->add_option("--key-epoch-days", flags->keys.epoch_days,
                   "How often the keys that wrap those of people are rolled; 0: only by eunomia keys roll")
      ->check(CLI::Range(0, 36'500))
      ->capture_default_str();
  command
      ->add_option("--key-grace-days", flags->keys.grace_days,
                   "How long after that the old ones are destroyed: as long as a backup can be opened")
      ->check(CLI::Range(0, 36'500))
      ->capture_default_str();
  command
      ->add_option("--retention-every", flags->retention.every_hours,
                   "Hours after which data past the time that their purposes give them are taken out again; 0: only by "
                   "eunomia retention run")
      ->check(CLI::Range(0.0, 8760.0))
      ->capture_default_str();
  command
      ->add_option(
          "--audit-sign-every", flags->audit.sign_every_minutes,
          "Minutes after which the newest entry of the audit log is signed, and it is when the server stops; 0: "
          "only with an erasure")
      ->check(CLI::Range(0.0, 525'600.0))
      ->capture_default_str();
  command->add_flag("--demo", flags->demo, "With a small shop that is generated, to try things on");
  command->callback([flags, &shared] { shared.action = [flags, &shared] { up(*flags, shared); }; });
}

}  // namespace eunomia::app
