#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/purpose.h"
#include "core/sign.h"
#include "core/thread_pool.h"
#include "job/jobs.h"
#include "object/object_store.h"
#include "recommend/ab_tests.h"
#include "recommend/answering.h"
#include "recommend/background.h"
#include "recommend/dataset.h"
#include "recommend/recommenders.h"
#include "recommend/rectifying.h"
#include "subject/audit/audit_log.h"
#include "subject/custody/custodian.h"
#include "subject/decision/automated_decisions.h"
#include "subject/directory.h"
#include "subject/erasure/erasures.h"
#include "subject/purpose/purposes.h"
#include "subject/retention/retention.h"
#include "subject/rights/desk.h"
#include "subject/vault/vault.h"
#include "wire/access/access_keys.h"
#include "wire/access/tokens.h"

namespace eunomia::wire::api {

// What the API translates to: the domain and what runs beside it. All outlive the API.
struct services {
  recommend::datasets& datasets;
  recommend::recommenders& recommenders;
  recommend::background& background;
  recommend::answering& answering;
  recommend::ab_tests& ab_tests;
  subject::durable_directory& people;
  subject::vault& keys;
  const subject::custodians& custodians;
  subject::purposes& purposes;
  subject::audit_log& audit;
  subject::erasures& erasures;
  subject::automated_decisions& decisions;
  subject::rights_desk& desk;
  subject::retention& retention;
  const recommend::rectifying& rectifying;
  job::jobs& jobs;
  access::tokens& tokens;
  access::access_keys& access_keys;
  object::object_store& objects;
  core::thread_pool& forget_pool;  // for the moment in which people leave what answers
  core::purpose purpose;           // what personal rows are read for
  std::string user_space;          // of raw user ids
  // That this server signs with, or did: what certificates and checkpoints are held against.
  std::vector<core::public_key> public_keys;
  std::string roll_keys_kind;     // of jobs whose arguments are a key_roll_order
  std::string verify_audit_kind;  // of jobs whose arguments are an audit_verification_order
  std::string retention_kind;     // of jobs whose arguments are a retention_order
  std::string backup_kind;        // of jobs that make a backup; empty: there is no folder for them
  // Told when a model that came from elsewhere is a version; empty: nobody is told.
  std::function<void()> model_imported = {};
  std::string version;
  std::filesystem::path files;                      // where uploads wait for their job
  std::vector<std::filesystem::path> import_roots;  // folders whose files may be imported by path; real paths
};

}  // namespace eunomia::wire::api
