#include "store/table/duckdb_engine.h"

#include <array>
#include <cstring>
#include <exception>

#include "core/error.h"

namespace eunomia::store::table {

namespace {

using core::errc;
using core::error;

constexpr const char* source_function = "eunomia_rows";

bool mentions(std::string_view text, std::string_view what) {
  return text.find(what) != std::string_view::npos;
}

[[noreturn]] void fail(duckdb_error_type type, const char* raw) {
  const std::string message = raw == nullptr ? "DuckDB gave no reason" : raw;
  if (mentions(message, "No space left on device") || mentions(message, "Disk quota exceeded") ||
      mentions(message, "File too large")) {
    throw error(errc::resource_exhausted, "the disk is full: " + message);
  }
  switch (type) {
    case DUCKDB_ERROR_OUT_OF_MEMORY: throw error(errc::resource_exhausted, message);
    case DUCKDB_ERROR_PERMISSION: throw error(errc::permission_denied, message);
    case DUCKDB_ERROR_INTERRUPT: throw error(errc::cancelled, message);
    case DUCKDB_ERROR_IO: throw error(errc::unavailable, message);
    case DUCKDB_ERROR_INVALID_INPUT:
    case DUCKDB_ERROR_CONVERSION:
    case DUCKDB_ERROR_OUT_OF_RANGE:
    case DUCKDB_ERROR_SERIALIZATION: throw error(errc::invalid_argument, message);
    default: throw error(errc::internal, "DuckDB: " + message);
  }
}

duckdb_type type_of(column_type type) {
  switch (type) {
    case column_type::int64: return DUCKDB_TYPE_BIGINT;
    case column_type::float64: return DUCKDB_TYPE_DOUBLE;
    case column_type::text: return DUCKDB_TYPE_VARCHAR;
  }
  throw error(errc::internal, "a column of no type");
}

// The table function that shows a row_source: what C calls, so nothing may be thrown out of it.

void bind_source(duckdb_bind_info info) {
  try {
    auto* engine = static_cast<duckdb_engine*>(duckdb_bind_get_extra_info(info));
    duckdb_value parameter = duckdb_bind_get_parameter(info, 0);
    const std::int64_t id = duckdb_get_int64(parameter);
    duckdb_destroy_value(&parameter);
    const row_source* source = engine->source_of(id);
    if (source == nullptr) {
      duckdb_bind_set_error(info, "no such row source");
      return;
    }
    for (const column& c : source->columns()) {
      duckdb_logical_type type = duckdb_create_logical_type(c.sealed ? DUCKDB_TYPE_BLOB : type_of(c.type));
      duckdb_bind_add_result_column(info, c.name.c_str(), type);
      duckdb_destroy_logical_type(&type);
    }
    if (const auto rows = source->rows()) {
      duckdb_bind_set_cardinality(info, *rows, true);
    }
    duckdb_bind_set_bind_data(info, const_cast<row_source*>(source), nullptr);
  } catch (const std::exception& problem) {
    duckdb_bind_set_error(info, problem.what());
  }
}

void init_source(duckdb_init_info info) {
  duckdb_init_set_max_threads(info, 1);
  auto* position = static_cast<std::size_t*>(duckdb_malloc(sizeof(std::size_t)));
  *position = 0;
  duckdb_init_set_init_data(info, position, duckdb_free);
}

void read_source(duckdb_function_info info, duckdb_data_chunk output) {
  const auto* source = static_cast<const row_source*>(duckdb_function_get_bind_data(info));
  try {
    auto& position = *static_cast<std::size_t*>(duckdb_function_get_init_data(info));
    const std::size_t count = source->fill(position, duckdb_vector_size(), output);
    position += count;
    duckdb_data_chunk_set_size(output, count);
  } catch (const std::exception& problem) {
    source->keep(std::current_exception());
    duckdb_function_set_error(info, problem.what());
  }
}

std::string list_of(const std::vector<std::filesystem::path>& paths) {
  std::string list = "[";
  for (const auto& path : paths) {
    if (list.size() > 1) {
      list += ',';
    }
    list += quoted_text(std::filesystem::absolute(path).string());
  }
  return list + "]";
}

std::string doubled(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    out += c;
    if (c == quote) {
      out += c;
    }
  }
  return out += quote;
}

}  // namespace

std::string quoted_text(std::string_view text) {
  return doubled(text, '\'');
}
std::string quoted_name(std::string_view name) {
  return doubled(name, '"');
}

std::string quoted_path(const std::filesystem::path& file) {
  const std::string text = std::filesystem::absolute(file).string();
  if (text.find_first_of("*?[") != std::string::npos) {
    throw error(errc::invalid_argument, text + ": a path with *, ? or [ would be taken for a pattern; rename it");
  }
  return quoted_text(text);
}

column_view result_chunk::column(std::size_t index, column_type type) const {
  duckdb_vector vector = duckdb_data_chunk_get_vector(chunk_, index);
  return {type, rows(), duckdb_vector_get_data(vector), duckdb_vector_get_validity(vector)};
}

result_stream::~result_stream() {
  duckdb_destroy_result(&result_);
  duckdb_destroy_prepare(&statement_);
}

std::string result_stream::column_type_name(std::size_t index) {
  switch (duckdb_column_type(&result_, index)) {
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS: return "timestamp";
    case DUCKDB_TYPE_TIMESTAMP_TZ: return "timestamp with time zone";
    case DUCKDB_TYPE_DATE: return "date";
    case DUCKDB_TYPE_LIST: return "list";
    default: return "other";
  }
}

result_chunk result_stream::next() {
  while (true) {
    result_chunk chunk(duckdb_fetch_chunk(result_));
    if (!chunk) {
      // The end and an error on the way look alike.
      if (const char* message = duckdb_result_error(&result_); message != nullptr && *message != '\0') {
        fail(duckdb_result_error_type(&result_), message);
      }
      return chunk;
    }
    if (chunk.rows() > 0) {
      return chunk;
    }
  }
}

duckdb_engine::duckdb_engine(const limits& allowed) {
  duckdb_config config = nullptr;
  if (duckdb_create_config(&config) == DuckDBError) {
    throw error(errc::resource_exhausted, "DuckDB cannot be configured: out of memory");
  }
  const std::string memory = std::to_string(allowed.memory >> 10) + "KiB";
  const std::array<std::pair<const char*, const char*>, 6> settings = {{{"autoinstall_known_extensions", "false"},
                                                                        {"autoload_known_extensions", "false"},
                                                                        {"allow_community_extensions", "false"},
                                                                        {"threads", "1"},
                                                                        {"memory_limit", memory.c_str()},
                                                                        {"temp_directory", ""}}};
  for (const auto& [name, value] : settings) {
    if (duckdb_set_config(config, name, value) == DuckDBError) {
      duckdb_destroy_config(&config);
      throw error(errc::internal, std::string("DuckDB refuses the setting ") + name);
    }
  }
  char* problem = nullptr;
  const duckdb_state opened = duckdb_open_ext(nullptr, &database_, config, &problem);
  duckdb_destroy_config(&config);
  if (opened == DuckDBError) {
    const std::string message = problem == nullptr ? "" : problem;
    duckdb_free(problem);
    throw error(errc::unavailable, "DuckDB does not open: " + message);
  }
  try {
    register_source_function();
    // The order matters: each of these closes the door on what comes before it.
    duckdb_session session = connect();
    session.execute("SET allowed_directories=" + list_of(allowed.folders));
    session.execute("SET allowed_paths=" + list_of(allowed.files));
    session.execute("SET enable_external_access=false");
    session.execute("SET lock_configuration=true");
  } catch (...) {
    duckdb_close(&database_);
    throw;
  }
}

duckdb_engine::~duckdb_engine() {
  duckdb_close(&database_);
}

duckdb_session duckdb_engine::connect() {
  return duckdb_session(database_);
}

void duckdb_engine::register_source_function() {
  duckdb_session session = connect();
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_logical_type number = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
  duckdb_table_function_set_name(function, source_function);
  duckdb_table_function_add_parameter(function, number);
  duckdb_table_function_set_extra_info(function, this, nullptr);
  duckdb_table_function_set_bind(function, bind_source);
  duckdb_table_function_set_init(function, init_source);
  duckdb_table_function_set_function(function, read_source);
  const duckdb_state registered = duckdb_register_table_function(session.handle(), function);
  duckdb_destroy_logical_type(&number);
  duckdb_destroy_table_function(&function);
  if (registered == DuckDBError) {
    throw error(errc::internal, "DuckDB refuses our table function");
  }
}

const row_source* duckdb_engine::source_of(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = sources_.find(id);
  return found == sources_.end() ? nullptr : found->second;
}

duckdb_engine::shown_source::shown_source(duckdb_engine& engine, const row_source& source) : engine_(engine) {
  const std::lock_guard lock(engine_.mutex_);
  id_ = ++engine_.last_source_;
  engine_.sources_.emplace(id_, &source);
}

duckdb_engine::shown_source::~shown_source() {
  const std::lock_guard lock(engine_.mutex_);
  engine_.sources_.erase(id_);
}

std::string duckdb_engine::shown_source::sql() const {
  return std::string(source_function) + "(" + std::to_string(id_) + ")";
}

duckdb_session::duckdb_session(duckdb_database database) {
  if (duckdb_connect(database, &connection_) == DuckDBError) {
    throw error(errc::unavailable, "DuckDB gives no connection");
  }
}

duckdb_session::~duckdb_session() {
  if (connection_ != nullptr) {
    duckdb_disconnect(&connection_);
  }
}

std::unique_ptr<result_stream> duckdb_session::stream(const std::string& sql) {
  std::unique_ptr<result_stream> stream(new result_stream);
  if (duckdb_prepare(connection_, sql.c_str(), &stream->statement_) == DuckDBError) {
    // A statement that does not compile has no type of error; what it says begins with it.
    const char* raw = duckdb_prepare_error(stream->statement_);
    const std::string_view message = raw == nullptr ? "" : raw;
    fail(message.starts_with("Permission Error")      ? DUCKDB_ERROR_PERMISSION
         : message.starts_with("IO Error")            ? DUCKDB_ERROR_IO
         : message.starts_with("Invalid Input Error") ? DUCKDB_ERROR_INVALID_INPUT
         : message.starts_with("Invalid Error")       ? DUCKDB_ERROR_INVALID_INPUT
                                                      : DUCKDB_ERROR_INVALID,
         raw);
  }
  if (duckdb_execute_prepared_streaming(stream->statement_, &stream->result_) == DuckDBError) {
    fail(duckdb_result_error_type(&stream->result_), duckdb_result_error(&stream->result_));
  }
  return stream;
}

void duckdb_session::execute(const std::string& sql) {
  const auto result = stream(sql);
  while (result->next()) {
  }
}

std::int64_t duckdb_session::number(const std::string& sql) {
  const auto result = stream(sql);
  const result_chunk chunk = result->next();
  if (!chunk) {
    throw error(errc::internal, "DuckDB gives no row: " + sql);
  }
  return chunk.column(0, column_type::int64).int64()[0];
}

}  // namespace eunomia::store::table
