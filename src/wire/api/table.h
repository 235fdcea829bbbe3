#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/json_schema.h"
#include "wire/http/route.h"

// Routes and their documentation in one declaration, so that the OpenAPI document cannot say what the server does not
// do: the schemas come from the structs that are read and written.
namespace eunomia::wire::api {

// Neither taken nor given: a request without a body or parameters, an answer 204.
struct nothing {};
BOOST_DESCRIBE_STRUCT(nothing, (), ())

// What an operation is, beside what it takes and gives.
struct operation {
  http::method verb;
  std::string path;  // with {names}, which are documented as text
  http::access who;
  std::string tag;      // the group it is shown in
  std::string summary;  // one line
  unsigned status = 200;
  std::uint64_t body_limit = http::default_body_limit;
};

struct error_detail {
  std::string code;
  std::string message;
  std::string request_id;
};
BOOST_DESCRIBE_STRUCT(error_detail, (), (code, message, request_id))
struct error_body {
  error_detail error;
};
BOOST_DESCRIBE_STRUCT(error_body, (), (error))
http::response error_response(const http::request& head, const http::failure& why);

class route_table {
 public:
  route_table();

  // A JSON body in, JSON out. Members that the body lacks keep their defaults; unknown ones are refused.
  template <class Body, class Answer>
  void body(const operation& about, std::function<Answer(const Body&, const http::request&)> run) {
    core::json_writer schema;
    schemas_.write<Body>(schema, core::json_direction::request);
    document(about, "application/json", schema.text(), {}, answer_schema<Answer>());
    add(about, {http::body_policy::kind::memory, about.body_limit},
        [run = std::move(run), status = about.status](http::request& in) {
          if (auto refused = refuse_other_than_json(in)) {
            return *std::move(refused);
          }
          return answer_of(run(read_body<Body>(in), in), status);
        });
  }

  // Parameters of the query in, JSON out.
  template <class Query, class Answer>
  void query(const operation& about, std::function<Answer(const Query&, const http::request&)> run) {
    document(about, {}, {}, parameters_of<Query>(), answer_schema<Answer>());
    add(about, {}, [run = std::move(run), status = about.status](http::request& in) {
      return answer_of(run(read_query<Query>(in), in), status);
    });
  }

  // A JSON body in, a file out: the response that run() gives names it.
  template <class Body>
  void file(const operation& about, std::string_view answer_type,
            std::function<http::response(const Body&, const http::request&)> run) {
    core::json_writer schema;
    schemas_.write<Body>(schema, core::json_direction::request);
    document(about, "application/json", schema.text(), {}, answer_schema<core::json_value>(), answer_type);
    add(about, {http::body_policy::kind::memory, about.body_limit}, [run = std::move(run)](http::request& in) {
      if (auto refused = refuse_other_than_json(in)) {
        return *std::move(refused);
      }
      return run(read_body<Body>(in), in);
    });
  }

  // What fits neither: the caller writes request and answer. content_type empty: no body. schema: JSON Schema of the
  // body. answer_type: the media type; Answer documents it when it is JSON.
  template <class Query, class Answer>
  void raw(const operation& about, std::string_view content_type, std::string_view schema, http::route made,
           std::string_view answer_type = "application/json") {
    document(about, content_type, schema, parameters_of<Query>(), answer_schema<Answer>(), answer_type);
    routes_.push_back(std::move(made));
  }

  const std::vector<http::route>& routes() const { return routes_; }
  // The OpenAPI 3.1 document of all that was added.
  std::string openapi(std::string_view version) const;

  template <class Body>
  static Body read_body(const http::request& in) {
    return core::read_json<Body>(in.body, strict);
  }
  // Throws errc::invalid_argument for a parameter that is unknown, given twice or not of its type.
  template <class Query>
  static Query read_query(const http::request& in) {
    core::json_value object = core::json_value::of_object();
    for (const http::parameter& given : in.query) {
      append_parameter(object, given, is_text<Query>(given.name));
    }
    return core::read_json<Query>(object, strict);
  }
  template <class Answer>
  static http::response answer_of(const Answer& answer, unsigned status = 200) {
    http::response out;
    if constexpr (std::is_same_v<Answer, nothing>) {
      out.status = 204;
      out.content_type.clear();
    } else {
      out.status = status;
      out.body = core::write_json(answer);
    }
    return out;
  }

 private:
  // What a body becomes in memory is bounded too: a few bytes of text can be a value of hundreds.
  static constexpr std::size_t max_values = 500'000;
  static constexpr std::size_t max_elements = 10'000;
  static constexpr core::json_options strict{.unknown = core::json_unknown::refuse,
                                             .missing = core::json_missing::keep_default,
                                             .limits = {.max_values = max_values},
                                             .max_elements = max_elements};

  struct parameter_note {
    std::string name;
    std::string schema;
    bool scalar = true;  // else its value is JSON
  };
  struct documented {
    operation about;
    std::string content_type;
    std::string body_schema;
    std::vector<parameter_note> query;
    std::string answer_schema;  // empty: 204
    std::string answer_type;
  };

  static std::optional<http::response> refuse_other_than_json(const http::request& in);
  static void append_parameter(core::json_value& object, const http::parameter& given, bool text);

  template <class Member>
  static constexpr bool is_scalar =
      std::is_arithmetic_v<Member> || std::is_enum_v<Member> || std::is_same_v<Member, std::string> ||
      std::is_same_v<Member, std::optional<std::string>>;

  template <class Query>
  static bool is_text(std::string_view name) {
    bool text = false;
    boost::mp11::mp_for_each<core::json_detail::members_of<Query>>([&](auto d) {
      using member = std::remove_cvref_t<decltype(std::declval<Query&>().*d.pointer)>;
      if constexpr (std::is_same_v<member, std::string> || std::is_same_v<member, std::optional<std::string>> ||
                    std::is_enum_v<member>) {
        text = text || name == d.name;
      }
    });
    return text;
  }

  template <class Query>
  std::vector<parameter_note> parameters_of() {
    std::vector<parameter_note> parameters;
    const core::json_notes notes = core::json_detail::notes<Query>();
    boost::mp11::mp_for_each<core::json_detail::members_of<Query>>([&](auto d) {
      using member = std::remove_cvref_t<decltype(std::declval<Query&>().*d.pointer)>;
      core::json_writer schema;
      const auto note = notes.find(d.name);
      schemas_.write<member>(schema, core::json_direction::request,
                             note == notes.end() ? core::json_note{} : note->second);
      parameters.push_back({d.name, schema.text(), is_scalar<member>});
    });
    return parameters;
  }

  template <class Answer>
  std::string answer_schema() {
    if constexpr (std::is_same_v<Answer, nothing>) {
      return {};
    } else {
      core::json_writer schema;
      schemas_.write<Answer>(schema, core::json_direction::answer);
      return std::move(schema).text();
    }
  }

  void document(const operation& about, std::string_view content_type, std::string_view body_schema,
                std::vector<parameter_note> query, std::string answer_schema,
                std::string_view answer_type = "application/json");
  void add(const operation& about, http::body_policy body, http::route::handler run);
  static void write_operation(core::json_writer& out, const documented& one);

  core::json_schemas schemas_;
  std::vector<documented> documented_;
  std::vector<http::route> routes_;
};

}  // namespace eunomia::wire::api
