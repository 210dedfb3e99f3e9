/**
 * Every feature gate of Kubernetes v1.36 as kube-apiserver knows it: its stage, whether it is on by default, whether that can be
 * changed, and which gates it cannot be without. Source: `kubernetes_feature_enabled` of a v1.36.3 server, and what that
 * server refuses.
 */
export type FeatureStage = "ALPHA" | "BETA" | "GA" | "DEPRECATED";

export interface FeatureGateGroup {
  readonly stage: FeatureStage;
  readonly default: boolean;
  /** Setting it to anything but the default is refused. */
  readonly locked: boolean;
  /** With white space between. */
  readonly names: string;
}

export const featureGateGroups: readonly FeatureGateGroup[] = [
  {
    stage: "GA",
    default: true,
    locked: false,
    names: `
      AllowServiceExternalIPs CustomCPUCFSQuotaPeriod DRAPrioritizedList DynamicResourceAllocation InformerResourceVersion
      MutatingAdmissionPolicy`,
  },
  {
    stage: "GA",
    default: true,
    locked: true,
    names: `
      APIServerTracing AnonymousAuthConfigurableEndpoints AnyVolumeDataSource AuthorizeNodeWithSelectors AuthorizeWithSelectors
      BtreeWatchCache CPUManagerPolicyOptions CRDValidationRatcheting CSIServiceAccountTokenSecrets ConsistentListFromCache
      CustomResourceFieldSelectors DRAAdminAccess DeclarativeValidation DisableAllocatorDualWrite ExecProbeTimeout
      ExternalServiceAccountTokenSigner ImageMaximumGCAge ImageVolume InOrderInformers InPlacePodVerticalScaling
      JobBackoffLimitPerIndex JobManagedBy JobPodReplacementPolicy JobSuccessPolicy KubeletCgroupDriverFromCRI KubeletFineGrainedAuthz
      KubeletPSI KubeletPodResourcesDynamicResources KubeletPodResourcesGet KubeletTracing LogarithmicScaleDown
      MatchLabelKeysInPodAffinity MultiCIDRServiceAllocator MutableCSINodeAllocatableCount NFTablesProxyMode
      NodeInclusionPolicyInPodTopologySpread NodeLogQuery NodeSwap OrderedNamespaceDeletion PodLifecycleSleepAction
      PodLifecycleSleepActionAllowZero PodObservedGenerationTracking PodSchedulingReadiness PreferSameTrafficDistribution ProcMountType
      RecoverVolumeExpansionFailure RecursiveReadOnlyMounts RelaxedDNSSearchValidation RelaxedEnvironmentVariableValidation
      ResilientWatchCacheInitialization RetryGenerateName SELinuxChangePolicy SELinuxMountReadWriteOncePod SchedulerQueueingHints
      SeparateTaintEvictionController ServiceAccountTokenJTI ServiceAccountTokenNodeBinding ServiceAccountTokenNodeBindingValidation
      ServiceAccountTokenPodNodeInfo SidecarContainers StreamingCollectionEncodingToJSON StreamingCollectionEncodingToProtobuf
      StructuredAuthenticationConfiguration SupplementalGroupsPolicy SystemdWatchdog TopologyManagerPolicyOptions UserNamespacesSupport
      VolumeAttributesClass WinDSR WinOverlay`,
  },
  {
    stage: "BETA",
    default: true,
    locked: false,
    names: `
      APIResponseCompression APIServerIdentity AllowParsingUserUIDFromCertAuth AtomicFIFO AuthorizePodWebsocketUpgradeCreatePermission
      CPUManagerPolicyBetaOptions CRDObservedGenerationTracking ClearingNominatedNodeNameAfterBinding ClientsAllowCARotation
      ClientsAllowTLSCacheGC ComponentFlagz ComponentStatusz ConstrainedImpersonation ContainerCheckpoint ContainerRestartRules
      ContextualLogging DRAConsumableCapacity DRADeviceBindingConditions DRADeviceTaints DRAExtendedResource DRAPartitionableDevices
      DRAResourceClaimDeviceStatus DRAResourceClaimGranularStatusAuthorization DRASchedulerFilterTimeout DeclarativeValidationBeta
      DeploymentReplicaSetTerminatingReplicas DetectCacheInconsistency EnvFiles ExtendWebSocketsToKubelet GracefulNodeShutdown
      GracefulNodeShutdownBasedOnPodPriority HPAConfigurableTolerance HostnameOverride InOrderInformersBatchProcess
      InPlacePodLevelResourcesVerticalScaling InPlacePodVerticalScalingInitContainers KubeletCrashLoopBackOffMax
      KubeletEnsureSecretPulledImages KubeletSeparateDiskGC KubeletServiceAccountTokenForCredentialProviders ListFromCacheSnapshot
      LoggingBetaOptions MatchLabelKeysInPodTopologySpread MatchLabelKeysInPodTopologySpreadSelectorMerge
      MutablePodResourcesForSuspendedJobs MutableSchedulingDirectivesForSuspendedJobs NodeDeclaredFeatures
      NominatedNodeNameForExpectation OpenAPIEnums OpportunisticBatching PLEGOnDemandRelist PodDeletionCost PodLevelResources
      PodReadyToStartContainersCondition PodTopologyLabelsAdmission PortForwardWebsockets PreventStaticPodAPIReferences
      RelaxedServiceNameValidation ReloadKubeletClientCAFile ReloadKubeletServerCertificateFile RemoteRequestHeaderUID
      ResourceHealthStatus ResourceHealthStatusMessage RestartAllContainersOnContainerExits RotateKubeletServerCertificate
      SchedulerAsyncPreemption SchedulerPopFromBackoffQ ServiceAccountNodeAudienceRestriction SizeBasedListCostEstimate
      StaleControllerConsistencyDaemonSet StaleControllerConsistencyJob StaleControllerConsistencyReplicaSet
      StaleControllerConsistencyStatefulSet StatefulSetSemanticRevisionComparison StorageVersionHash StrictIPCIDRValidation
      StructuredAuthenticationConfigurationEgressSelector StructuredAuthenticationConfigurationJWKSMetrics
      TokenRequestServiceAccountUIDValidation TopologyManagerPolicyBetaOptions TranslateStreamCloseWebsocketRequests
      UnauthenticatedHTTP2DOSMitigation UnknownVersionInteroperabilityProxy UnlockWhileProcessingFIFO
      WatchCacheInitializationPostStartHook WatchList WatchListClient WindowsGracefulNodeShutdown`,
  },
  {
    stage: "BETA",
    default: false,
    locked: false,
    names: `
      AllBeta ClusterTrustBundle ClusterTrustBundleProjection ConcurrentWatchObjectDecode CoordinatedLeaderElection DRADeviceTaintRules
      LocalStorageCapacityIsolationFSQuotaMonitoring MaxUnavailableStatefulSet PodCertificateRequest SELinuxMount
      SchedulerAsyncAPICalls StorageVersionMigrator`,
  },
  {
    stage: "ALPHA",
    default: false,
    locked: false,
    names: `
      APIServingWithRoutine AllAlpha AllowUnsafeMalformedObjectDeletion CBORServingAndStorage CPUManagerPolicyAlphaOptions
      CRIListStreaming CSIVolumeHealth ClientsAllowCBOR ClientsPreferCBOR CloudControllerManagerWatchBasedRoutesReconciliation
      CloudControllerManagerWebhook ContainerStopSignals ControllerManagerReleaseLeaderElectionLockOnExit
      CrossNamespaceVolumeDataSource DRAListTypeAttributes DRANodeAllocatableResources DRAResourcePoolStatus DRAWorkloadResourceClaims
      EventedPLEG GangScheduling GenericWorkload HPAScaleToZero ImageVolumeWithDigest InPlacePodVerticalScalingExclusiveCPUs
      InPlacePodVerticalScalingExclusiveMemory KubeletInUserNamespace LoggingAlphaOptions ManifestBasedAdmissionControlConfig MemoryQoS
      MutablePVNodeAffinity NativeHistograms PersistentVolumeClaimUnusedSinceTime PodAndContainerStatsFromCRI PodLevelResourceManagers
      PodLogsQuerySplitStreams PodsAPI QOSReserved ReduceDefaultCrashLoopBackOffDecay RuntimeClassInImageCriApi ShardedListAndWatch
      StorageCapacityScoring StorageVersionAPI TaintTolerationComparisonOperators TopologyAwareWorkloadScheduling
      TopologyManagerPolicyAlphaOptions UserNamespacesHostNetworkSupport VolumeLimitScaling WindowsCPUAndMemoryAffinity
      WorkloadAwarePreemption WorkloadWithJob`,
  },
  {
    stage: "DEPRECATED",
    default: true,
    locked: false,
    names: `
      DisableCPUQuotaWithExclusiveCPUs KubeletPodResourcesListUseActivePods ServiceCIDRStatusFieldWiping StorageNamespaceIndex`,
  },
  {
    stage: "DEPRECATED",
    default: true,
    locked: true,
    names: `
      AggregatedDiscoveryRemoveBetaType DisableNodeKubeProxyVersion`,
  },
  {
    stage: "DEPRECATED",
    default: false,
    locked: false,
    names: `
      AllowDNSOnlyNodeCSR AllowInsecureKubeletCertificateSigningRequests ChangeContainerStatusOnKubeletRestart
      DeclarativeValidationTakeover KMSv1 KubeletRegistrationGetOnExistsOnly WindowsHostNetwork`,
  },
  {
    stage: "DEPRECATED",
    default: false,
    locked: true,
    names: `
      AllowOverwriteTerminationGracePeriodSeconds GitRepoVolumeDriver SeparateCacheWatchRPC`,
  },
];

/** A gate that is on needs these to be on too. */
export const featureGateDependencies: Readonly<Record<string, readonly string[]>> = {
  AuthorizeNodeWithSelectors: ["AuthorizeWithSelectors"],
  ClusterTrustBundleProjection: ["ClusterTrustBundle"],
  DRAAdminAccess: ["DynamicResourceAllocation"],
  DRAConsumableCapacity: ["DynamicResourceAllocation"],
  DRADeviceBindingConditions: ["DynamicResourceAllocation", "DRAResourceClaimDeviceStatus"],
  DRADeviceTaintRules: ["DRADeviceTaints"],
  DRADeviceTaints: ["DynamicResourceAllocation"],
  DRAExtendedResource: ["DynamicResourceAllocation"],
  DRAListTypeAttributes: ["DynamicResourceAllocation"],
  DRANodeAllocatableResources: ["DynamicResourceAllocation"],
  DRAPartitionableDevices: ["DynamicResourceAllocation"],
  DRAPrioritizedList: ["DynamicResourceAllocation"],
  DRAResourceClaimGranularStatusAuthorization: ["DynamicResourceAllocation", "DRAResourceClaimDeviceStatus"],
  DRAResourcePoolStatus: ["DynamicResourceAllocation"],
  DRASchedulerFilterTimeout: ["DynamicResourceAllocation"],
  DRAWorkloadResourceClaims: ["DynamicResourceAllocation", "GenericWorkload"],
  DeclarativeValidationBeta: ["DeclarativeValidation"],
  DeclarativeValidationTakeover: ["DeclarativeValidation"],
  DisableAllocatorDualWrite: ["MultiCIDRServiceAllocator"],
  ExtendWebSocketsToKubelet: ["NodeDeclaredFeatures"],
  GangScheduling: ["GenericWorkload"],
  GracefulNodeShutdownBasedOnPodPriority: ["GracefulNodeShutdown"],
  ImageVolumeWithDigest: ["ImageVolume"],
  InPlacePodLevelResourcesVerticalScaling: ["InPlacePodVerticalScaling", "PodLevelResources", "NodeDeclaredFeatures"],
  InPlacePodVerticalScalingExclusiveCPUs: ["InPlacePodVerticalScaling"],
  InPlacePodVerticalScalingExclusiveMemory: ["InPlacePodVerticalScaling"],
  InPlacePodVerticalScalingInitContainers: ["InPlacePodVerticalScaling", "NodeDeclaredFeatures"],
  MatchLabelKeysInPodTopologySpreadSelectorMerge: ["MatchLabelKeysInPodTopologySpread"],
  PodCertificateRequest: ["AuthorizeNodeWithSelectors"],
  PodLevelResourceManagers: ["PodLevelResources"],
  PodLifecycleSleepActionAllowZero: ["PodLifecycleSleepAction"],
  ProcMountType: ["UserNamespacesSupport"],
  ResourceHealthStatus: ["DynamicResourceAllocation"],
  ResourceHealthStatusMessage: ["ResourceHealthStatus"],
  RestartAllContainersOnContainerExits: ["ContainerRestartRules", "NodeDeclaredFeatures"],
  ServiceAccountTokenNodeBinding: ["ServiceAccountTokenNodeBindingValidation"],
  StaleControllerConsistencyDaemonSet: ["AtomicFIFO"],
  StaleControllerConsistencyJob: ["AtomicFIFO"],
  StaleControllerConsistencyReplicaSet: ["AtomicFIFO"],
  StaleControllerConsistencyStatefulSet: ["AtomicFIFO"],
  StorageVersionAPI: ["APIServerIdentity"],
  StructuredAuthenticationConfigurationEgressSelector: ["StructuredAuthenticationConfiguration"],
  StructuredAuthenticationConfigurationJWKSMetrics: ["StructuredAuthenticationConfiguration"],
  TopologyAwareWorkloadScheduling: ["GenericWorkload"],
  UnknownVersionInteroperabilityProxy: ["APIServerIdentity"],
  UserNamespacesHostNetworkSupport: ["UserNamespacesSupport", "NodeDeclaredFeatures"],
  WindowsGracefulNodeShutdown: ["GracefulNodeShutdown"],
  WorkloadAwarePreemption: ["GangScheduling"],
  WorkloadWithJob: ["GenericWorkload"],
};
