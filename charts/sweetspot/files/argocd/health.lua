-- Health of InferenceDeployments and TuningRuns for Argo CD: kstatus' conditions, and what the kind itself says.
local function condition(type)
  if obj.status == nil or obj.status.conditions == nil then return nil end
  for _, one in ipairs(obj.status.conditions) do
    if one.type == type then return one end
  end
  return nil
end

local function is(type, status)
  local found = condition(type)
  return found ~= nil and found.status == status
end

local function because(health, type)
  local found = condition(type)
  return { status = health, message = found ~= nil and found.message or "Nobody has looked at it yet." }
end

local generation = obj.metadata ~= nil and obj.metadata.generation or nil
if obj.status == nil or obj.status.observedGeneration ~= generation then
  return { status = "Progressing", message = "The operator has not seen this generation yet." }
end
if obj.kind == "TuningRun" then
  if is("Failed", "True") then return because("Degraded", "Failed") end
  if is("Complete", "True") then return because("Healthy", "Complete") end
  return because("Progressing", "Complete")
end
if is("Stalled", "True") then return because("Degraded", "Stalled") end
if is("Ready", "False") then
  return because(is("Reconciling", "True") and "Progressing" or "Degraded", "Ready")
end
if is("ServiceLevelMet", "False") then return because("Degraded", "ServiceLevelMet") end
if is("Reconciling", "True") then return because("Progressing", "Reconciling") end
return because("Healthy", "Ready")
