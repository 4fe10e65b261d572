export { isObject, type Json } from "@portico/core/json";
